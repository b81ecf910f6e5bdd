import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DiskFile, type Epoch, type Logger, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c, nodeClock, NodeDisk } from '@trunkline/platform';
import { batchesIn, buildBatch, RecordBatch } from '@trunkline/records';
import { DEFAULT_LOG_CONFIG, type LogOptions, PartitionLog } from './index.js';
import type { LogConfig } from './log.js';

let root: string;
let dir: string;
let warnings: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'recovery-'));
  dir = `${root}/orders-0`;
  warnings = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
const FIRST = '00000000000000000000.log';

function open(clean: boolean, config: Partial<LogConfig> = {}, more: Partial<LogOptions> = {}): Promise<PartitionLog> {
  return PartitionLog.open({
    disk: new NodeDisk(),
    clock: nodeClock,
    crc32c,
    compression,
    logger,
    dir,
    identity: { topic: 'orders', topicId: 'abcdefghijklmnopqrstuv' as Uuid, partition: 0 },
    config: { ...DEFAULT_LOG_CONFIG, indexIntervalBytes: 1000, ...config },
    clean,
    ...more,
  });
}

/** Batches of one record each, about 700 bytes, none of them zeros. */
function append(log: PartitionLog, from: number, count: number): void {
  for (let at = from; at < from + count; at++) {
    const value = utf8(`${at}:`.padEnd(630, `${at}.`));
    const producer = { producerId: 5n, producerEpoch: 0, baseSequence: at };
    log.appendAsLeader(
      RecordBatch.parse(buildBatch([{ value, timestampMs: 1000 + at }], { crc32c, ...producer })),
      2 as Epoch,
    );
  }
}

/** A log whose process is killed: everything is in its files, nothing was closed. */
async function killed(count: number, config: Partial<LogConfig> = {}): Promise<void> {
  const log = await open(false, config);
  append(log, 0, count);
  await log.flush();
  // A killed process writes nothing any more; this one has to be waited for: each rolled segment gets a snapshot.
  const ending = (suffix: string): number => readdirSync(dir).filter((name) => name.endsWith(suffix)).length;
  while (ending('.snapshot') < ending('.log') - 1 || ending('.tmp') > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function stopped(count: number, config: Partial<LogConfig> = {}): Promise<void> {
  const log = await open(false, config);
  append(log, 0, count);
  await log.close();
}

async function offsets(log: PartitionLog): Promise<number[]> {
  const found: number[] = [];
  for (let at = log.startOffset; at < log.endOffset;) {
    const read = await log.read(at, log.endOffset, 1 << 20, true);
    for (const chunk of read.chunks) for (const batch of batchesIn(chunk)) found.push(batch.baseOffset);
    at = read.nextOffset;
  }
  return found;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const path = (name = FIRST): string => `${dir}/${name}`;

function edit(name: string, change: (bytes: Uint8Array) => Uint8Array | void): void {
  const bytes = readFileSync(path(name));
  writeFileSync(path(name), change(bytes) ?? bytes);
}

/** Where each batch of a file begins. */
function positions(name = FIRST): number[] {
  let at = 0;
  return [...batchesIn(readFileSync(path(name)))].map(({ sizeBytes }) => (at += sizeBytes) - sizeBytes);
}

async function holds(count: number, config: Partial<LogConfig> = {}): Promise<void> {
  const log = await open(false, config);
  expect(await offsets(log)).toEqual(upTo(count));
  expect([log.endOffset, log.durableEnd]).toEqual([count, count]);
  expect(log.activeProducers()[0]).toMatchObject({ producerId: 5n, lastSequence: count - 1 });
  expect(log.epochForOffset((count - 1) as Offset)).toBe(2);
  append(log, count, 1);
  await log.close();
  const again = await open(true, config);
  expect(await offsets(again)).toEqual(upTo(count + 1));
  await again.close();
}

describe('after kill -9 a log', () => {
  it('has everything that was written', async () => {
    await killed(20);
    await holds(20);
    expect(warnings).toEqual([]);
  });

  it('has everything over several segments', async () => {
    await killed(20, { segmentBytesMax: 3000 });
    await holds(20, { segmentBytesMax: 3000 });
  });

  it.each([1, 11, 12, 60, 61, 100, 600])('ends before a last batch that was cut off after %d bytes', async (kept) => {
    await killed(5);
    truncateSync(path(), positions()[4]! + kept);
    await holds(4);
    expect(warnings).toEqual(['cut a torn tail']);
  });

  it('ends before a last batch with a wrong checksum', async () => {
    await killed(5);
    edit(FIRST, (bytes) => void (bytes[bytes.length - 3]! ^= 1));
    await holds(4);
  });

  it('ends before bytes of no meaning, be they zeros or noise', async () => {
    for (const tail of [
      Buffer.alloc(5000),
      Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 37 + 11) & 255)),
    ]) {
      rmSync(dir, { recursive: true, force: true });
      await killed(5);
      edit(FIRST, (bytes) => Buffer.concat([bytes, tail]));
      await holds(5);
    }
  });

  it('ends at a sector that never reached the disk, though whole batches follow it', async () => {
    for (let lost = 0; lost < 7; lost++) {
      rmSync(dir, { recursive: true, force: true });
      await killed(8);
      const sector = 512 * (lost + 2);
      const survive = positions().findLastIndex((at) => at <= sector);
      edit(FIRST, (bytes) => void bytes.fill(0, sector, sector + 512));
      const log = await open(false);
      expect(await offsets(log)).toEqual(upTo(survive));
      expect(log.endOffset).toBe(survive);
      await log.close();
    }
  });

  it('does not open when a batch is damaged and whole ones follow it, and leaves the file as it is', async () => {
    await killed(8);
    const begins = positions();
    for (const [batch, at] of [
      [0, 30],
      [3, 200],
      [6, 18],
      [3, 16],
      [3, 9],
    ] as const) {
      const before = readFileSync(path());
      edit(FIRST, (bytes) => void (bytes[begins[batch]! + at]! ^= 0x10));
      const damaged = readFileSync(path());
      const where = `orders-0/${FIRST} is damaged at byte ${begins[batch]} \\(offset ${batch}\\)`;
      await expect(open(false)).rejects.toThrow(new RegExp(where));
      expect(readFileSync(path()).equals(damaged)).toBe(true);
      writeFileSync(path(), before);
    }
    await holds(8);
  });

  it('does not open when a sealed segment is damaged or missing', async () => {
    await killed(20, { segmentBytesMax: 3000 });
    const log = await open(false, { segmentBytesMax: 3000 });
    await log.close(); // So that there is a recovery point behind the first segments.
    const second = readdirSync(dir).filter((name) => name.endsWith('.log'))[1]!;
    const bytes = readFileSync(path(second));
    rmSync(path(second));
    await expect(open(false)).rejects.toThrow(/the next segment begins at offset/);
    edit(FIRST, (first) => void (first[first.length - 5]! ^= 1));
    writeFileSync(path(second), bytes);
    await expect(open(true)).rejects.toThrow(/is damaged at byte/);
  });

  it('makes indexes anew that are missing or nonsense', async () => {
    const config = { segmentBytesMax: 3000 };
    await stopped(20, config);
    for (const name of readdirSync(dir).filter((each) => each.endsWith('index'))) {
      if (name.startsWith('00000000000000000000')) rmSync(path(name));
      else edit(name, (bytes) => void bytes.fill(7));
    }
    const log = await open(true, config);
    expect(await offsets(log)).toEqual(upTo(20));
    expect(await log.offsetForTime(1011, log.endOffset)).toMatchObject({ offset: 11 });
    await log.close();
  });

  it('takes an older snapshot of producers, or none, when one is nonsense', async () => {
    const config = { segmentBytesMax: 3000 };
    await killed(20, config);
    for (const name of readdirSync(dir).filter((each) => each.endsWith('.snapshot'))) {
      edit(name, (bytes) => void (bytes[bytes.length - 1]! ^= 1));
    }
    await holds(20, config);
  });

  it('removes half-written files', async () => {
    await killed(3);
    writeFileSync(path('leader-epoch-checkpoint.tmp'), 'half');
    writeFileSync(path('00000000000000000003.snapshot.tmp'), '');
    await holds(3);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('after a clean stop a log', () => {
  it('opens without looking through its segments', async () => {
    await stopped(50);
    let bytesRead = 0;
    class WatchedDisk extends NodeDisk {
      override async open(name: string): Promise<DiskFile> {
        const file = await super.open(name);
        const read = file.read.bind(file);
        file.read = async (at, length) => {
          const bytes = await read(at, length);
          if (name.endsWith('.log')) bytesRead += bytes.byteLength;
          return bytes;
        };
        return file;
      }
    }
    const log = await open(true, {}, { disk: new WatchedDisk() });
    expect(log.endOffset).toBe(50);
    expect(bytesRead).toBeLessThan(8000);
    await log.close();
  });

  it('does not open when its end is missing: that was on disk for good', async () => {
    await stopped(5);
    truncateSync(path(), positions()[4]! + 100);
    await expect(open(true)).rejects.toThrow(/is damaged/);
    truncateSync(path(), positions()[3]!);
    await expect(open(true)).rejects.toThrow(/the log ends here, and offsets up to 5 were on disk for good/);
    rmSync(path());
    await expect(open(true)).rejects.toThrow(/offsets up to 5 were on disk for good, and no segment is there/);
  });

  it('tells of damage when it is read, and only then, and only there', async () => {
    await stopped(20);
    edit(FIRST, (bytes) => void (bytes[positions()[4]! + 300]! ^= 1));
    const log = await open(true);
    const read = async (from: number, until: number): Promise<number> =>
      (await log.read(from as Offset, until as Offset, 1 << 20, true)).nextOffset;
    expect(await read(0, 4)).toBe(4);
    await expect(read(2, 8)).rejects.toThrow(/CORRUPT_MESSAGE: .*the checksum of the batch at offset 4 does not hold/);
    expect(await read(5, 20)).toBe(20);
    append(log, 20, 1);
    expect(await log.flush()).toBe(21);
    await log.close();
  });
});

describe('a directory', () => {
  it('with data of another topic is refused', async () => {
    await stopped(1);
    const other = { topic: 'orders', topicId: 'zzzzzzzzzzzzzzzzzzzzzz' as Uuid, partition: 0 };
    await expect(open(true, {}, { identity: other })).rejects.toThrow(
      /orders-0 cannot be used: it holds topic id abcdefghijklmnopqrstuv, and zzzzzzzzzzzzzzzzzzzzzz was expected/,
    );
  });

  it('that says not whose data it holds is refused', async () => {
    await stopped(1);
    rmSync(path('partition.metadata'));
    await expect(open(true)).rejects.toThrow(/no partition.metadata that says of which topic/);
    expect(existsSync(path())).toBe(true);
  });

  it('with a checkpoint of no meaning is refused', async () => {
    await stopped(1);
    writeFileSync(path('recovery-point-offset-checkpoint'), '0\n1\nmany\n');
    await expect(open(true)).rejects.toThrow(/recovery-point-offset-checkpoint is malformed: "many" is not a number/);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Epoch, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { crc32c, nodeClock, compression, NodeDisk } from '@trunkline/platform';
import { batchesIn, buildBatch, type NewRecord, RecordBatch } from '@trunkline/records';
import { DEFAULT_LOG_CONFIG, type LogOptions, PartitionLog } from './index.js';
import type { LogConfig } from './log.js';

let dir: string;
const opened: PartitionLog[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  rmSync(dir, { recursive: true, force: true });
});

function options(config: Partial<LogConfig> = {}): LogOptions {
  return {
    disk: new NodeDisk(),
    clock: nodeClock,
    crc32c,
    compression,
    logger: silentLogger,
    dir: `${dir}/orders-0`,
    identity: { topic: 'orders', topicId: 'abcdefghijklmnopqrstuv' as Uuid, partition: 0 },
    config: { ...DEFAULT_LOG_CONFIG, ...config },
    clean: false,
  };
}

async function open(config: Partial<LogConfig> = {}, more: Partial<LogOptions> = {}): Promise<PartitionLog> {
  const log = await PartitionLog.open({ ...options(config), ...more });
  opened.push(log);
  return log;
}

const text = (value: string, timestampMs = 1000): NewRecord => ({ value: utf8(value), timestampMs });
const batch = (...values: string[]): RecordBatch =>
  RecordBatch.parse(
    buildBatch(
      values.map((value) => text(value)),
      { crc32c },
    ),
  );

async function all(log: PartitionLog, from = 0, bytesMax = 1 << 20): Promise<string[]> {
  const values: string[] = [];
  for (let at = from; ;) {
    const { chunks, nextOffset } = await log.read(at as Offset, log.endOffset, bytesMax, true);
    if (nextOffset === at) return values;
    for (const chunk of chunks) {
      for (const found of batchesIn(chunk)) {
        for (const record of found.records()) {
          if (record.offset >= at) values.push(`${record.offset}:${Buffer.from(record.value!).toString()}`);
        }
      }
    }
    at = nextOffset;
  }
}

describe('a partition log', () => {
  it('gives back what was appended, with its offsets, and after a restart', async () => {
    const log = await open();
    expect(log.appendAsLeader(batch('a', 'b'), 3 as Epoch)).toEqual({
      baseOffset: 0,
      lastOffset: 1,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      duplicate: false,
    });
    expect(log.appendAsLeader(batch('c'), 3 as Epoch).baseOffset).toBe(2);
    expect(log.durableEnd).toBe(0);
    await log.flush();
    expect(log.durableEnd).toBe(3);
    expect(await all(log)).toEqual(['0:a', '1:b', '2:c']);
    await log.close();
    for (const clean of [true, false]) {
      const again = await open({}, { clean });
      expect([again.startOffset, again.endOffset, again.durableEnd]).toEqual([0, 3, 3]);
      expect(await all(again)).toEqual(['0:a', '1:b', '2:c']);
      expect(again.epochForOffset(2 as Offset)).toBe(3);
      await again.close();
    }
  });

  it('rolls, and reads over many segments from memory and from files', async () => {
    const log = await open({ segmentBytesMax: 300, indexIntervalBytes: 100 }, { tailBytesMax: 200 });
    const wanted: string[] = [];
    for (let index = 0; index < 50; index++) {
      log.appendAsLeader(batch(`v${index}`), 0 as Epoch);
      wanted.push(`${index}:v${index}`);
      if (index % 7 === 0) await log.flush();
    }
    await log.flush();
    expect(log.segmentCount).toBeGreaterThan(10);
    expect(await all(log)).toEqual(wanted);
    expect(await all(log, 33, 1)).toEqual(wanted.slice(33));
    await log.close();
    for (const clean of [true, false]) {
      const again = await open({ segmentBytesMax: 300 }, { clean });
      expect(await all(again)).toEqual(wanted);
      await again.close();
    }
  });
});

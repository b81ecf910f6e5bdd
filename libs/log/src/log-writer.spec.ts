import { describe, expect, it } from '@jest/globals';
import type { Disk, DiskFile, Epoch } from '@trunkline/kernel';
import { appendTo, batchOf, GatedDisk, LogFixture, ManualClock, recordsOf, SimDisk, until } from '@trunkline/testing';
import type { PartitionLog } from './index.js';

/** Counts what reaches the files of segments. */
class CountingDisk extends GatedDisk {
  writes: number[] = [];
  syncs = 0;
  /** Each write in the turn takes so long. */
  slowMs = 0;
  later = 0;
  clock: ManualClock | undefined;

  constructor(inner: Disk = new SimDisk({ seed: 1 })) {
    super(inner);
  }

  override async open(path: string): Promise<DiskFile> {
    const file = await super.open(path);
    if (!path.endsWith('.log')) return file;
    return {
      ...file,
      writeNow: (at, chunks) => {
        this.clock?.advance(this.slowMs);
        this.writes.push(chunks.length);
        file.writeNow(at, chunks);
      },
      write: (at, chunks) => {
        this.later += 1;
        return file.write(at, chunks);
      },
      sync: () => {
        this.syncs += 1;
        return file.sync();
      },
    };
  }
}

async function prepared(disk = new CountingDisk(), flush: 'group-commit' | 'os' | 'interval' = 'group-commit') {
  const fixture = new LogFixture(disk);
  disk.clock = fixture.clock;
  const log = await fixture.open({ flush, flushIntervalMs: 500 });
  const ends: number[] = [];
  log.onDurable = (end) => ends.push(end);
  disk.writes = [];
  disk.syncs = 0;
  return { log, disk, ends, clock: fixture.clock };
}

const append = (log: PartitionLog, ...values: string[]): number => appendTo(log, values);
const turn = (): Promise<void> => Promise.resolve();

describe('appends', () => {
  it('of one turn leave in one write, small ones as one piece', async () => {
    const { log, disk } = await prepared();
    for (let at = 0; at < 10; at++) append(log, `${at}`);
    expect(disk.writes).toEqual([]);
    await turn();
    expect(disk.writes).toEqual([1]);
    append(log, 'x'.repeat(5000));
    append(log, 'small');
    await log.flush();
    expect(disk.writes).toEqual([1, 2]);
  });

  it('are not durable before the sync that began after their write has ended', async () => {
    const { log, disk, ends } = await prepared();
    disk.hold();
    append(log, 'a');
    await until('a sync waits', () => disk.held === 1);
    append(log, 'b');
    append(log, 'c');
    await turn();
    expect([log.durableEnd, ends, disk.writes.length]).toEqual([0, [], 1]);
    expect(await recordsOf(log)).toEqual([]);
    disk.step();
    await until('a sync waits', () => disk.held === 1);
    expect([log.durableEnd, ends]).toEqual([1, [1]]);
    disk.release();
    await until('log.durableEnd === 3', () => log.durableEnd === 3);
    expect([ends, disk.syncs]).toEqual([[1, 3], 2]);
  });

  it('that wait for the disk share one sync, however many they are', async () => {
    const { log, disk } = await prepared();
    disk.hold();
    append(log, 'first');
    await until('a sync waits', () => disk.held === 1);
    for (let at = 0; at < 500; at++) {
      append(log, `${at}`);
      await turn();
    }
    disk.release();
    await until('log.durableEnd === 501', () => log.durableEnd === 501);
    expect(disk.syncs).toBe(2);
    expect(disk.writes.length).toBe(2);
  });

  it('beyond 64 KB are written while a sync runs, and wait for the next', async () => {
    const { log, disk } = await prepared();
    disk.hold();
    append(log, 'first');
    await until('a sync waits', () => disk.held === 1);
    append(log, 'x'.repeat(40_000));
    await turn();
    expect(disk.writes.length).toBe(1);
    append(log, 'x'.repeat(40_000));
    await turn();
    expect(disk.writes.length).toBe(2);
    disk.step();
    await until('the first sync ends, and the next waits', () => log.durableEnd > 0 && disk.held === 1);
    expect(log.durableEnd).toBe(1); // What was written while it ran is not covered by it.
    disk.release();
    await log.flush();
  });

  it('in mode os are durable in the same turn, without a sync', async () => {
    const { log, disk, ends } = await prepared(new CountingDisk(), 'os');
    append(log, 'a');
    append(log, 'b');
    await turn();
    expect([log.durableEnd, ends, disk.syncs]).toEqual([2, [2], 0]);
    expect(await log.flush()).toBe(2);
    expect(disk.syncs).toBe(1);
  });

  it('in mode interval are synced by the clock, once for all of them', async () => {
    const { log, disk, clock } = await prepared(new CountingDisk(), 'interval');
    append(log, 'a');
    await turn();
    append(log, 'b');
    await turn();
    expect([log.durableEnd, disk.syncs]).toEqual([2, 0]);
    clock.advance(499);
    expect(disk.syncs).toBe(0);
    clock.advance(1);
    await until('disk.syncs === 1', () => disk.syncs === 1);
    clock.advance(5000);
    expect(disk.syncs).toBe(1);
    await log.close();
    expect(clock.pending).toBe(0);
  });

  it('take up group commit when they are told to', async () => {
    const { log, disk } = await prepared(new CountingDisk(), 'os');
    append(log, 'a');
    await turn();
    log.reconfigure({ ...log.config, flush: 'group-commit' });
    await until('disk.syncs === 1', () => disk.syncs === 1);
    disk.hold();
    append(log, 'b');
    await until('a sync waits', () => disk.held === 1);
    expect(log.durableEnd).toBe(1);
    disk.release();
    await until('log.durableEnd === 2', () => log.durableEnd === 2);
  });

  it('of more than 256 KB, and those after a slow write, leave the turn: for longer each time', async () => {
    const { log, disk, clock } = await prepared(new CountingDisk(), 'os');
    append(log, 'x'.repeat(300_000));
    append(log, 'y');
    await log.flush();
    expect([disk.writes.length, disk.later]).toEqual([0, 1]);
    disk.slowMs = 5;
    append(log, 'slow');
    await turn();
    expect([disk.writes.length, disk.later]).toEqual([1, 1]);
    append(log, 'next');
    await until('log.durableEnd === 4', () => log.durableEnd === 4);
    expect([disk.writes.length, disk.later]).toEqual([1, 2]);
    clock.advance(20);
    append(log, 'slow again');
    await turn();
    expect([disk.writes.length, disk.later]).toEqual([2, 2]);
    disk.slowMs = 0;
    clock.advance(39);
    append(log, 'later');
    await until('log.durableEnd === 6', () => log.durableEnd === 6);
    expect([disk.writes.length, disk.later]).toEqual([2, 3]);
    clock.advance(1);
    append(log, 'quick again');
    await turn();
    expect([disk.writes.length, disk.later]).toEqual([3, 3]);
    expect((await recordsOf(log)).length).toBe(7);
  });

  it('wait for the disk only up to a limit', async () => {
    const { log, disk } = await prepared();
    disk.hold();
    append(log, 'first');
    await until('a sync waits', () => disk.held === 1);
    // In one turn nothing can be written: all of it waits.
    const large = batchOf([{ value: new Uint8Array(1_000_000) }]);
    expect(() => {
      for (let at = 0; at < 140; at++) log.appendAsLeader(large, 0 as Epoch);
    }).toThrow(/KAFKA_STORAGE_ERROR: 13\d{7} bytes wait for the disk already/);
    await log.abandon();
    disk.release();
  });
});

describe('a failing disk', () => {
  it.each(['write', 'sync'] as const)('ends the log at the first failed %s, and is not tried again', async (act) => {
    const sim = new SimDisk({ seed: 1 });
    const { log, disk, ends } = await prepared(new CountingDisk(sim));
    append(log, 'kept');
    await log.flush();
    const failures: string[] = [];
    log.onFailed = (reason) => failures.push(reason.message);
    sim.fail(act, /\.log$/, 'EIO');
    append(log, 'lost');
    await until('failures.length === 1', () => failures.length === 1);
    expect([log.durableEnd, ends]).toEqual([1, [1]]);
    const syncs = disk.syncs;
    expect(() => append(log, 'more')).toThrow('KAFKA_STORAGE_ERROR');
    expect(() => log.read(log.startOffset, log.endOffset, 1, true)).toThrow('KAFKA_STORAGE_ERROR');
    await expect(log.flush()).rejects.toThrow('KAFKA_STORAGE_ERROR');
    await expect(log.advanceStartOffset(log.startOffset)).rejects.toThrow('KAFKA_STORAGE_ERROR');
    await log.close();
    expect([disk.syncs, failures.length]).toEqual([syncs, 1]);
  });

  it('that is full ends the log, and the next start finds what was durable', async () => {
    const sim = new SimDisk({ seed: 1, capacityBytes: 3000 });
    const fixture = new LogFixture(sim);
    const log = await fixture.open();
    let failed = false;
    log.onFailed = () => (failed = true);
    const values: string[] = [];
    for (let at = 0; !failed; at++) {
      try {
        append(log, `${at}`.padEnd(100, '.'));
        values.push(`${at}`);
        await log.flush();
      } catch {
        values.pop();
      }
    }
    await log.close();
    sim.capacityBytes = 1e6;
    sim.crash();
    const again = await fixture.open();
    const kept = (await recordsOf(again)).map(({ value }) => Number.parseInt(Buffer.from(value!).toString(), 10));
    expect(kept.slice(0, values.length)).toEqual(values.map(Number));
    await again.close();
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { batchOf, LogFixture, recordsOf, SimDisk } from '@trunkline/testing';
import type { LogConfig, PartitionLog } from './index.js';

const HOUR = 3_600_000;

async function prepared(config: Partial<LogConfig>): Promise<{ fixture: LogFixture; log: PartitionLog; now: number }> {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytesMax: 540, segmentMs: 1e12, retentionMs: -1, ...config });
  return { fixture, log, now: fixture.clock.nowMs() };
}

/** One batch of about 170 bytes: three fill a segment. */
function append(log: PartitionLog, timestampMs: number): void {
  log.appendAsLeader(batchOf([{ value: new Uint8Array(100), timestampMs }]), 0 as Epoch);
}

describe('retention', () => {
  it('by time goes by the records’ timestamps, and takes whole segments from the start', async () => {
    const { log, now } = await prepared({ retentionMs: HOUR });
    for (const age of [3, 2.5, 2, 0.5, 3, 3, 3, 3]) append(log, now - age * HOUR);
    await log.flush();
    // The second segment holds one young record; what lies behind it stays, however old.
    expect(await log.applyRetention(now)).toBe(1);
    expect([log.startOffset, log.endOffset]).toEqual([3, 8]);
    expect(await log.applyRetention(now)).toBe(0);
    expect((await recordsOf(log)).length).toBe(5);
    expect(() => log.read(2 as Offset, 8 as Offset, 1, true)).toThrow('OFFSET_OUT_OF_RANGE: offset 2 is not in 3 to 8');
    await log.close();
  });

  it('by time takes even the active segment, once all of it is too old', async () => {
    const { fixture, log, now } = await prepared({ retentionMs: HOUR });
    append(log, now - 10 * 365 * 24 * HOUR); // Dated years ago: gone at the next round.
    await log.flush();
    expect(await log.applyRetention(now)).toBe(1);
    expect([log.startOffset, log.endOffset, log.sizeBytes]).toEqual([1, 1, 0]);
    append(log, now);
    await log.close();
    const again = await fixture.open({}, { clean: true });
    expect([again.startOffset, again.endOffset]).toEqual([1, 2]);
    await again.close();
  });

  it('by time goes by the clock where records have no timestamps', async () => {
    const { fixture, log, now } = await prepared({ retentionMs: HOUR });
    append(log, -1);
    await log.flush();
    expect(await log.applyRetention(now + HOUR)).toBe(0);
    expect(await log.applyRetention(now + HOUR + 1)).toBe(1);
    expect(fixture.clock.pending).toBe(0);
    await log.close();
  });

  it('by size keeps at least as much as it was told', async () => {
    const { log, now } = await prepared({ retentionBytes: 900 });
    for (let at = 0; at < 12; at++) append(log, now);
    await log.flush();
    await log.applyRetention(now);
    expect(log.sizeBytes).toBeGreaterThanOrEqual(900);
    expect(log.sizeBytes).toBeLessThan(900 + 600);
    await log.close();
  });

  it('takes nothing that is not replicated', async () => {
    const { log, now } = await prepared({ retentionMs: HOUR });
    for (let at = 0; at < 7; at++) append(log, now - 2 * HOUR);
    await log.flush();
    log.replicatedEnd = () => 3 as Offset;
    expect(await log.applyRetention(now)).toBe(1);
    log.replicatedEnd = () => 5 as Offset;
    expect(await log.applyRetention(now)).toBe(0);
    expect(log.startOffset).toBe(3);
    await log.close();
  });

  it('takes nothing from a log that is only compacted, but what was deleted by request', async () => {
    const { log, now } = await prepared({ deletes: false, compacts: true, retentionMs: HOUR, retentionBytes: 1 });
    for (let at = 0; at < 7; at++) append(log, now - 2 * HOUR);
    await log.flush();
    expect(await log.applyRetention(now)).toBe(0);
    await log.advanceStartOffset(4 as Offset);
    expect([log.startOffset, log.segmentCount]).toEqual([4, 2]);
    await log.close();
  });

  it('lets a reader finish that has begun', async () => {
    const { log, now } = await prepared({ retentionMs: HOUR });
    for (let at = 0; at < 7; at++) append(log, now - 2 * HOUR);
    await log.close();
    const fixture = new LogFixture(new SimDisk({ seed: 3, jitter: 8 }));
    const slow = await fixture.open({ segmentBytesMax: 540, segmentMs: 1e12, retentionMs: HOUR }, { tailBytesMax: 0 });
    for (let at = 0; at < 7; at++) append(slow, fixture.clock.nowMs() - 2 * HOUR);
    await slow.flush();
    const reads = Array.from({ length: 7 }, async (_, at) => slow.read(at as Offset, 7 as Offset, 1 << 20, true));
    const [, ...results] = await Promise.allSettled([slow.applyRetention(fixture.clock.nowMs()), ...reads]);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      else expect(result.value.sizeBytes).toBeGreaterThan(0);
    }
    expect(slow.failed).toBeUndefined();
    await slow.close();
  });
});

describe('a log’s start that is moved by request', () => {
  it('is there after a power cut, once the request was answered', async () => {
    const disk = new SimDisk({ seed: 2, odds: { keptPercent: 0 } });
    const fixture = new LogFixture(disk);
    const log = await fixture.open({ flush: 'os' });
    for (let at = 0; at < 5; at++) append(log, 1);
    await disk.syncDir('/data');
    await disk.syncDir('/');
    await log.advanceStartOffset(3 as Offset);
    disk.crash();
    const again = await fixture.open();
    expect([again.startOffset, again.endOffset]).toEqual([3, 5]);
    await again.close();
  });

  it('may not lie behind the end, and never goes back', async () => {
    const { log, now } = await prepared({});
    append(log, now);
    append(log, now);
    await expect(log.advanceStartOffset(3 as Offset)).rejects.toThrow('OFFSET_OUT_OF_RANGE');
    await log.advanceStartOffset(2 as Offset);
    await log.advanceStartOffset(1 as Offset);
    expect(log.startOffset).toBe(2);
    await log.close();
  });
});

describe('a segment', () => {
  it('is followed by the next after segment.ms, by timestamps or by the clock', async () => {
    const { fixture, log, now } = await prepared({ segmentBytesMax: 1e6, segmentMs: 1000 });
    append(log, now);
    append(log, now + 1000);
    expect(log.segmentCount).toBe(1);
    append(log, now + 1001);
    expect(log.segmentCount).toBe(2);
    append(log, -1);
    fixture.clock.advance(1001);
    append(log, -1);
    expect(log.segmentCount).toBe(3);
    await log.close();
  });

  it('is followed by the next when its index is full', async () => {
    const { log, now } = await prepared({ segmentBytesMax: 1e6, indexIntervalBytes: 0, indexBytesMax: 48 });
    for (let at = 0; at < 20; at++) append(log, now + at);
    expect(log.segmentCount).toBeGreaterThan(4);
    await log.close();
  });

  it('takes no batch larger than segment.bytes', async () => {
    const { log } = await prepared({});
    const large = batchOf([{ value: new Uint8Array(600) }]);
    expect(() => log.appendAsLeader(large, 0 as Epoch)).toThrow('RECORD_LIST_TOO_LARGE');
    await log.close();
  });
});

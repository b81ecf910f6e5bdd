import { describe, expect, it } from '@jest/globals';
import { type Epoch, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { ManualClock, SimDisk } from '@trunkline/testing';
import { DEFAULT_LOG_CONFIG, PartitionLog } from './index.js';

const EPOCH = 0 as Epoch;

function open(disk: SimDisk, clock: ManualClock): Promise<PartitionLog> {
  return PartitionLog.open({
    disk: disk.process(),
    clock,
    crc32c,
    compression,
    logger: silentLogger,
    dir: '/t-0',
    identity: { topic: 't', topicId: 'tttttttttttttttttttttt' as Uuid, partition: 0 },
    config: { ...DEFAULT_LOG_CONFIG, retentionMs: 1000, segmentMs: 500 },
    clean: false,
  });
}

function batchFrom(baseSequence: number, timestampMs: number): RecordBatch {
  const producer = { producerId: 7n, producerEpoch: 0, baseSequence };
  return RecordBatch.parse(buildBatch([{ value: utf8('x'), timestampMs }], { crc32c, ...producer }));
}

/** A log with two acknowledged batches of one producer, in a segment of its own each. */
async function logOfTwo(disk: SimDisk, clock: ManualClock): Promise<PartitionLog> {
  const log = await open(disk, clock);
  for (const sequence of [0, 1]) {
    log.appendAsLeader(batchFrom(sequence, clock.nowMs()), EPOCH);
    await log.flush();
    await log.checkpoint();
    clock.advance(600);
  }
  return log;
}

describe('what is known of producers', () => {
  it('survives a power cut at any act of the disk while retention takes all segments', async () => {
    for (let cut = 1; cut <= 60; cut++) {
      const [disk, clock] = [new SimDisk({ seed: cut, odds: { keptPercent: 0 } }), new ManualClock()];
      const log = await logOfTwo(disk, clock);
      clock.advance(2000);
      disk.powerFailsAt = disk.acts + cut;
      for (let round = 0; round < 3; round++) await log.applyRetention(clock.nowMs()).catch(() => {});
      disk.crash();
      const after = await open(disk, clock);
      expect(after.endOffset).toBe(2);
      expect(after.activeProducers()[0]).toMatchObject({ producerId: 7n, lastSequence: 1 });
      expect(after.appendAsLeader(batchFrom(2, clock.nowMs()), EPOCH)).toMatchObject({ baseOffset: 2 });
    }
  });

  it('survives a power cut at any act of the disk while a request deletes all records', async () => {
    for (let cut = 1; cut <= 60; cut++) {
      const [disk, clock] = [new SimDisk({ seed: cut, odds: { keptPercent: 0 } }), new ManualClock()];
      const log = await logOfTwo(disk, clock);
      disk.powerFailsAt = disk.acts + cut;
      const busy = log.checkpoint().catch(() => {});
      const deleted = log.advanceStartOffset(2 as Offset).catch(() => {});
      clock.advance(2000);
      log.appendAsLeader(batchFrom(2, clock.nowMs()), EPOCH); // Rolls behind the deletion that waits.
      await Promise.all([busy, deleted, log.flush().catch(() => {})]);
      await log.applyRetention(clock.nowMs()).catch(() => {});
      disk.crash();
      const after = await open(disk, clock);
      const last = after.activeProducers()[0]?.lastSequence;
      expect(last).toBe(after.endOffset - 1);
      const again = after.appendAsLeader(batchFrom(1, clock.nowMs()), EPOCH);
      expect(again).toMatchObject({ baseOffset: 1, duplicate: true });
    }
  });
});

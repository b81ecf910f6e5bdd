import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { buildEndTransactionMarker, RecordBatch } from '@trunkline/records';
import { batchOf, LogFixture } from '@trunkline/testing';
import type { AppendInfo, PartitionLog } from './index.js';

let fixture: LogFixture;
let log: PartitionLog;
beforeEach(async () => {
  fixture = new LogFixture();
  log = await fixture.open();
});

interface Sender {
  readonly epoch?: number;
  readonly id?: bigint;
  readonly transactional?: boolean;
  readonly timestampMs?: number;
}

function send(
  sequence: number,
  count = 1,
  { epoch = 0, id = 9n, transactional = false, timestampMs = 1000 }: Sender = {},
): AppendInfo {
  const records = Array.from({ length: count }, () => ({ timestampMs }));
  const batch = batchOf(records, {
    producerId: id,
    producerEpoch: epoch,
    baseSequence: sequence,
    isTransactional: transactional,
  });
  return log.appendAsLeader(batch, 0 as Epoch);
}

function end(type: 'COMMIT' | 'ABORT', producerEpoch = 0, coordinatorEpoch = 1): AppendInfo {
  const bytes = buildEndTransactionMarker({ type, coordinatorEpoch }, 1000, { crc32c, producerId: 9n, producerEpoch });
  return log.appendAsLeader(RecordBatch.parse(bytes), 0 as Epoch);
}

describe('an idempotent producer', () => {
  it('that sends a batch again gets the first offsets, for its last five batches (49)', () => {
    for (let at = 0; at < 6; at++) send(at * 2, 2, { timestampMs: 1000 + at });
    for (let at = 1; at < 6; at++) {
      expect(send(at * 2, 2)).toMatchObject({
        duplicate: true,
        baseOffset: at * 2,
        lastOffset: at * 2 + 1,
        logAppendTimeMs: 1000 + at,
      });
    }
    expect(log.endOffset).toBe(12);
    expect(() => send(0, 2)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER'); // (50)
    expect(() => send(10, 1)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  it('must not leave out a sequence', () => {
    send(0, 3);
    expect(() => send(4)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER: producer 9: sequence 4, and 3 is next');
    expect(send(3).baseOffset).toBe(3);
  });

  it('goes on from 2147483647 with 0 (51)', () => {
    send(0x7fff_fffe, 3);
    expect(() => send(2)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(send(1).baseOffset).toBe(3);
    expect(send(0x7fff_fffe, 3)).toMatchObject({ duplicate: true, baseOffset: 0 });
    const other = { id: 10n };
    send(0x7fff_fffe, 2, other);
    expect(send(0, 1, other).duplicate).toBe(false);
    expect(send(1, 1, other).duplicate).toBe(false);
  });

  it('begins a new epoch with 0 (52), and fences the old one (54)', () => {
    send(0, 2);
    expect(() => send(2, 1, { epoch: 1 })).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(send(0, 1, { epoch: 1 }).duplicate).toBe(false);
    expect(() => send(2, 1, { epoch: 0 })).toThrow('INVALID_PRODUCER_EPOCH');
    expect(() => send(0, 2, { epoch: 0 })).toThrow('INVALID_PRODUCER_EPOCH');
  });

  it('of whom nothing is known may begin anywhere (53)', () => {
    expect(send(77).baseOffset).toBe(0);
    expect(() => send(79)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  it('is forgotten by the broker’s clock, whatever timestamps it sends (55)', async () => {
    log.reconfigure({ ...log.config, producerIdExpirationMs: 10_000, retentionMs: -1 });
    send(0, 1, { timestampMs: -1 });
    fixture.clock.advance(9_999);
    await log.applyRetention(fixture.clock.nowMs());
    expect(log.activeProducers()).toHaveLength(1);
    fixture.clock.advance(1);
    await log.applyRetention(fixture.clock.nowMs());
    expect(log.activeProducers()).toEqual([]);
    expect(send(50).duplicate).toBe(false);
  });

  it('is known after a restart, clean or not (56)', async () => {
    for (let at = 0; at < 7; at++) send(at);
    await log.close();
    for (const clean of [true, false]) {
      log = await fixture.open({}, { clean });
      expect(send(2)).toMatchObject({ duplicate: true, baseOffset: 2 });
      expect(() => send(1)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
      await log.close();
    }
  });

  it('goes on where a cut log ends (57)', async () => {
    for (let at = 0; at < 4; at++) send(at);
    await log.truncateTo(2 as Offset);
    expect(log.activeProducers()[0]?.lastSequence).toBe(1);
    expect(send(2)).toMatchObject({ duplicate: false, baseOffset: 2 });
  });

  it('is taken from a leader as it is, without any state here (C52)', async () => {
    const follower = await new LogFixture().open();
    const batch = batchOf(['a'], { producerId: 9n, producerEpoch: 3, baseSequence: 40, leaderEpoch: 5, baseOffset: 0 });
    const next = batchOf(['b'], { producerId: 9n, producerEpoch: 3, baseSequence: 90, leaderEpoch: 6, baseOffset: 1 });
    const before = next.bytes.slice();
    expect(follower.appendAsFollower([batch, next])).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    await follower.flush();
    expect(next.bytes).toEqual(before);
    expect(follower.activeProducers()[0]).toMatchObject({ producerEpoch: 3, lastSequence: 90 });
    expect([follower.epochForOffset(0 as Offset), follower.epochForOffset(1 as Offset)]).toEqual([5, 6]);
  });
});

describe('a transactional producer', () => {
  it('holds read_committed readers back until its marker is below the high watermark', () => {
    const at = (highWatermark: number): number | undefined => log.firstUnstableOffset(highWatermark as Offset);
    send(0, 2);
    expect(at(2)).toBeUndefined();
    send(0, 1, { id: 10n, transactional: true });
    send(0, 1, { id: 11n, transactional: true });
    send(2, 1, { transactional: true });
    expect(at(5)).toBe(2);
    expect(log.activeProducers().map(({ currentTxnStartOffset }) => currentTxnStartOffset)).toEqual([4, 2, 3]);
    end('COMMIT');
    expect(at(5)).toBe(2);
  });

  it('ends its transaction by a marker, and goes on with its sequence', async () => {
    send(0, 2, { transactional: true });
    expect(() => send(2)).toThrow('INVALID_TXN_STATE');
    expect(end('ABORT').baseOffset).toBe(2);
    expect(log.firstUnstableOffset(2 as Offset)).toBe(0);
    expect(log.firstUnstableOffset(3 as Offset)).toBeUndefined();
    expect(send(2, 1, { transactional: true }).duplicate).toBe(false);
    await log.close();
    log = await fixture.open({}, { clean: true });
    expect(log.firstUnstableOffset(4 as Offset)).toBe(3);
    expect(() => end('COMMIT', 0, 0)).toThrow('TRANSACTION_COORDINATOR_FENCED');
    end('COMMIT', 1, 2);
    expect(() => send(3, 1, { transactional: true })).toThrow('INVALID_PRODUCER_EPOCH');
    expect(send(0, 1, { epoch: 1, transactional: true }).duplicate).toBe(false);
  });

  it('is not forgotten while its transaction is open', async () => {
    log.reconfigure({ ...log.config, producerIdExpirationMs: 1, retentionMs: -1 });
    send(0, 1, { transactional: true });
    fixture.clock.advance(1e9);
    await log.applyRetention(fixture.clock.nowMs());
    expect(log.activeProducers()).toHaveLength(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type Disk, type Epoch, nodeId, type Offset, silentLogger, type Uuid, utf8 } from '@trunkline/kernel';
import { DEFAULT_LOG_CONFIG, type FlushMode, PartitionLog } from '@trunkline/log';
import type { TopicConfig } from '@trunkline/metadata';
import { compression, crc32c } from '@trunkline/platform';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { GatedDisk, ManualClock, SimDisk } from '@trunkline/testing';
import { Partition } from './partition.js';
import type { PartitionState, ReplicationWorld } from './partition-parts.js';
import type { CommitWaiter } from './uncommitted.js';

const TOPIC_ID = 'aaaaaaaaaaaaaaaaaaaaaA' as Uuid;
const [HERE, THERE, ELSEWHERE] = [nodeId(1), nodeId(2), nodeId(3)];
const LEADER: PartitionState = {
  leaderEpoch: 4 as Epoch,
  partitionEpoch: 0,
  leader: HERE,
  replicas: [HERE],
  isr: [HERE],
};
const FOLLOWER: PartitionState = { ...LEADER, leaderEpoch: 5 as Epoch, leader: THERE, replicas: [HERE, THERE] };
const WORLD: ReplicationWorld = {
  nodeId: HERE,
  lagMaxMs: 1000,
  brokerEpoch: () => 1n,
  eligibleEpoch: () => 1n,
  monotonicMs: () => 0,
  hasProposal: () => {},
};

function configOf(flush: FlushMode, more: Partial<TopicConfig> = {}): TopicConfig {
  return {
    ...DEFAULT_LOG_CONFIG,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: 3_600_000,
    compressionType: 'producer',
    minInSyncReplicas: 1,
    flush,
    ...more,
  };
}

async function openPartition(flush: FlushMode, disk: Disk = new SimDisk({ seed: 1 }), config = configOf(flush)) {
  const log = await PartitionLog.open({
    disk,
    clock: new ManualClock(),
    crc32c,
    compression,
    logger: silentLogger,
    dir: '/data/t-0',
    identity: { topic: 't', topicId: TOPIC_ID, partition: 0 },
    config,
    clean: false,
  });
  return Partition.open({ topic: 't', topicId: TOPIC_ID, index: 0, log, config, world: WORLD }, LEADER);
}

const batch = (value: string, baseSequence?: number): RecordBatch =>
  RecordBatch.parse(
    buildBatch([{ value: utf8(value), timestampMs: 1 }], {
      crc32c,
      ...(baseSequence === undefined ? {} : { producerId: 7n, producerEpoch: 0, baseSequence }),
    }),
  );

function recorder() {
  const seen: string[] = [];
  const waiter = (name: string): CommitWaiter => ({
    committed: () => seen.push(`${name} committed`),
    failed: (reason) => seen.push(`${name}: ${'code' in reason ? String(reason.code) : reason.message}`),
  });
  return { seen, waiter };
}

/** Whether everything that only needs microtasks is done before the event loop turns. */
async function inThisTurn(done: () => boolean): Promise<boolean> {
  let turned = false;
  setImmediate(() => (turned = true));
  while (!done() && !turned) await Promise.resolve();
  return !turned;
}

describe('a partition in flush mode os', () => {
  it('commits an append, and tells who watches, in the same turn', async () => {
    const partition = await openPartition('os');
    const { seen, waiter } = recorder();
    partition.watch({ moved: () => seen.push(`watermark ${partition.highWatermark}`) });
    partition.append(batch('a'), waiter('a'));
    partition.append(batch('b'), waiter('b'));
    expect(seen).toEqual([]);
    expect(await inThisTurn(() => seen.length === 3)).toBe(true);
    expect(seen).toEqual(['a committed', 'b committed', 'watermark 2']);
    expect(partition.committedBytes).toBe(2 * batch('a').sizeBytes);
  });
});

describe('a partition in flush mode group-commit', () => {
  it('commits nothing before the sync, then all in the order of offsets', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const partition = await openPartition('group-commit', disk);
    const { seen, waiter } = recorder();
    disk.hold();
    partition.append(batch('a'), waiter('a'));
    partition.append(batch('b'), undefined);
    partition.append(batch('c'), waiter('c'));
    await new Promise((turn) => setImmediate(turn));
    expect([seen, partition.highWatermark, partition.committedBytes]).toEqual([[], 0, 0]);
    const read = await partition.read(0 as Offset, partition.highWatermark, 1000, true);
    expect(read.sizeBytes).toBe(0);
    disk.release();
    await new Promise((turn) => setImmediate(turn));
    expect(seen).toEqual(['a committed', 'c committed']);
    expect(partition.highWatermark).toBe(3);
  });

  it('commits only what the sync has covered, though more was appended meanwhile', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const partition = await openPartition('group-commit', disk);
    const { seen, waiter } = recorder();
    disk.hold();
    partition.append(batch('a'), waiter('a'));
    await new Promise((turn) => setImmediate(turn));
    partition.append(batch('b'), waiter('b'));
    disk.step();
    await new Promise((turn) => setImmediate(turn));
    expect([seen, partition.highWatermark]).toEqual([['a committed'], 1]);
    disk.release();
    await new Promise((turn) => setImmediate(turn));
    expect([seen, partition.highWatermark]).toEqual([['a committed', 'b committed'], 2]);
  });

  it('lets a duplicate wait for the first, and answers it at once when that is committed', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const partition = await openPartition('group-commit', disk);
    const { seen, waiter } = recorder();
    disk.hold();
    partition.append(batch('a', 0), waiter('a'));
    partition.append(batch('b', 1), waiter('b'));
    expect(partition.append(batch('a', 0), waiter('a again'))).toMatchObject({ duplicate: true, baseOffset: 0 });
    await new Promise((turn) => setImmediate(turn));
    disk.release();
    await new Promise((turn) => setImmediate(turn));
    expect(seen).toEqual(['a committed', 'a again committed', 'b committed']);
    partition.append(batch('b', 1), waiter('b again'));
    expect(seen.at(-1)).toBe('b again committed');
    expect(partition.log.endOffset).toBe(2);
  });

  it('tells all who wait, and all who come, when its log fails', async () => {
    const disk = new SimDisk({ seed: 1 });
    const partition = await openPartition('group-commit', disk);
    const { seen, waiter } = recorder();
    partition.watch({ moved: () => seen.push(`ended ${partition.ended?.code}`) });
    disk.fail('sync', /\.log$/, 'EIO');
    partition.append(batch('a'), waiter('a'));
    await new Promise((turn) => setImmediate(turn));
    expect(seen).toEqual(['a: KAFKA_STORAGE_ERROR', 'ended KAFKA_STORAGE_ERROR']);
    expect(() => partition.append(batch('b'), undefined)).toThrow('KAFKA_STORAGE_ERROR');
  });
});

describe('a partition', () => {
  it('refuses stale and unknown leader epochs, and requests once it does not lead', async () => {
    const partition = await openPartition('os');
    expect(() => partition.mustLead(4)).not.toThrow();
    expect(() => partition.mustLead(3)).toThrow('FENCED_LEADER_EPOCH');
    expect(() => partition.mustLead(5)).toThrow('UNKNOWN_LEADER_EPOCH');
    await partition.become(FOLLOWER);
    expect(() => partition.mustLead(5)).toThrow('NOT_LEADER_OR_FOLLOWER');
    expect(() => partition.mustLead(4)).toThrow('FENCED_LEADER_EPOCH');
  });

  it('has a new reign on disk before it leads', async () => {
    const partition = await openPartition('os');
    partition.append(batch('a'), undefined);
    await partition.become({ ...LEADER, leaderEpoch: 6 as Epoch });
    expect(partition.leaderEpoch).toBe(6);
    expect(partition.epochStartOffset).toBe(1);
    expect(partition.log.endOffsetForEpoch(4 as Epoch)).toEqual({ epoch: 4, endOffset: 1 });
    expect(partition.log.epochForOffset(1 as Offset)).toBe(6);
  });

  it('tells who waits when it loses its leadership, and when its topic is deleted', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const partition = await openPartition('group-commit', disk);
    const { seen, waiter } = recorder();
    partition.watch({ moved: () => seen.push(`leads ${partition.isLeader}, ${partition.ended?.code}`) });
    disk.hold();
    partition.append(batch('a'), waiter('a'));
    await partition.become(FOLLOWER);
    expect(seen).toEqual(['a: NOT_LEADER_OR_FOLLOWER', 'leads false, undefined']);
    partition.delete();
    expect(seen.at(-1)).toBe('leads false, UNKNOWN_TOPIC_OR_PARTITION');
    expect(() => partition.mustLead()).toThrow('UNKNOWN_TOPIC_OR_PARTITION');
    disk.release();
  });

  it('asks for enough replicas in sync, but for no more than there are', async () => {
    const partition = await openPartition('os', undefined, configOf('os', { minInSyncReplicas: 2 }));
    expect(() => partition.mustHaveMinIsr()).not.toThrow();
    await partition.become({ ...LEADER, partitionEpoch: 1, replicas: [HERE, THERE, ELSEWHERE] });
    expect(() => partition.mustHaveMinIsr()).toThrow('NOT_ENOUGH_REPLICAS');
    partition.reconfigure(configOf('os', { minInSyncReplicas: 1 }));
    expect(() => partition.mustHaveMinIsr()).not.toThrow();
  });

  it('reads nothing beyond the watermark, and refuses what its log does not have', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const partition = await openPartition('group-commit', disk);
    disk.hold();
    partition.append(batch('a'), undefined);
    const read = (from: number) => partition.read(from as Offset, partition.highWatermark, 1000, true);
    expect(await read(0)).toMatchObject({ chunks: [], sizeBytes: 0 });
    expect(await read(1)).toMatchObject({ chunks: [], sizeBytes: 0 });
    expect(() => read(2)).toThrow('OFFSET_OUT_OF_RANGE');
    expect(() => read(-1)).toThrow('OFFSET_OUT_OF_RANGE');
    disk.release();
  });

  it('tells a coordinator when its own batch is committed, or never will be', async () => {
    const partition = await openPartition('os');
    const seen: unknown[] = [];
    partition.appendInternal(batch('a').bytes, (error) => seen.push(error?.message ?? 'committed'));
    expect(await inThisTurn(() => seen.length === 1)).toBe(true);
    expect(seen).toEqual(['committed']);
    partition.delete();
    expect(() => partition.appendInternal(batch('b').bytes, () => {})).toThrow('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('deletes records up to the watermark and no further', async () => {
    const partition = await openPartition('os');
    for (const value of ['a', 'b', 'c']) partition.append(batch(value), undefined);
    await new Promise((turn) => setImmediate(turn));
    expect(await partition.deleteRecords(1 as Offset)).toBe(1);
    expect(await partition.deleteRecords(0 as Offset)).toBe(1);
    await expect(partition.deleteRecords(4 as Offset)).rejects.toThrow('OFFSET_OUT_OF_RANGE');
    await expect(partition.deleteRecords(-2 as Offset)).rejects.toThrow('OFFSET_OUT_OF_RANGE');
    expect(await partition.deleteRecords(-1 as Offset)).toBe(3);
    partition.reconfigure(configOf('os', { deletes: false, compacts: true }));
    await expect(partition.deleteRecords(3 as Offset)).rejects.toThrow('POLICY_VIOLATION');
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  type CommitAnswer,
  DEFAULT_GROUP_CONFIG,
  DEFAULT_SHARD_RUNTIME_CONFIG,
  type GroupInput,
  type GroupRecord,
  GroupShard,
  ShardRuntime,
  groupRecordCodec,
} from '@trunkline/coordinator';
import { type Disk, type Epoch, type Uuid, ZERO_UUID, nodeId, silentLogger, utf8 } from '@trunkline/kernel';
import { DEFAULT_LOG_CONFIG, PartitionLog } from '@trunkline/log';
import type { TopicConfig } from '@trunkline/metadata';
import { compression, crc32c, nodeClock } from '@trunkline/platform';
import { ManualClock, SimDisk, SimRandom } from '@trunkline/testing';
import { Partition } from '../replica/partition.js';
import { PartitionShardLog } from './partition-shard-log.js';

const SEEDS = Number(process.env['CRASH_SEEDS'] ?? 25);
const TOPIC_ID = 'aaaaaaaaaaaaaaaaaaaaaA' as Uuid;
const KEYS = 12;

/** Small segments, so that a snapshot lets go of whole ones. */
const CONFIG: TopicConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytesMax: 4_096,
  compacts: true,
  deletes: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  minInSyncReplicas: 1,
};

async function openLog(disk: Disk): Promise<PartitionShardLog> {
  await disk.makeDir('/data/__consumer_offsets-0');
  for (const dir of ['/data', '/']) await disk.syncDir(dir); // As the log manager does.
  const identity = { topic: '__consumer_offsets', topicId: TOPIC_ID, partition: 0 };
  const world = { disk, clock: new ManualClock(), crc32c, compression, logger: silentLogger };
  const log = await PartitionLog.open({
    ...world,
    dir: '/data/__consumer_offsets-0',
    identity,
    config: CONFIG,
    clean: false,
  });
  const here = nodeId(1);
  const state = { leaderEpoch: 1 as Epoch, partitionEpoch: 0, leader: here, replicas: [here], isr: [here] };
  const replication = {
    nodeId: here,
    lagMaxMs: 1000,
    brokerEpoch: () => 1n,
    eligibleEpoch: () => 1n,
    monotonicMs: () => 0,
    hasProposal: () => {},
  };
  const partition = await Partition.open(
    { topic: identity.topic, topicId: TOPIC_ID, index: 0, log, config: CONFIG, world: replication },
    state,
  );
  return new PartitionShardLog(partition, crc32c, compression);
}

type Runtime = ShardRuntime<GroupInput, GroupRecord, GroupShard>;

async function openShard(log: PartitionShardLog): Promise<Runtime> {
  const runtime: Runtime = new ShardRuntime({
    name: 'shard',
    config: { ...DEFAULT_SHARD_RUNTIME_CONFIG, snapshotBytesMin: 3_000 },
    clock: nodeClock,
    logger: silentLogger,
    log,
    codec: groupRecordCodec,
    create: () => new GroupShard(DEFAULT_GROUP_CONFIG),
  });
  await runtime.load();
  return runtime;
}

function commit(runtime: Runtime, partition: number, offset: number): Promise<CommitAnswer> {
  const offsets = [
    { topic: 't', topicId: ZERO_UUID, partition, offset: BigInt(offset), leaderEpoch: -1, metadata: 'm'.repeat(40) },
  ];
  const claim = { groupId: 'g', generation: -1, memberId: '', instanceId: null };
  const request = { ...claim, unknownGroup: 'ILLEGAL_GENERATION' as const, retentionMs: -1, offsets };
  return runtime.submit((reply) => ({ kind: 'commit', request, reply }));
}

function committed(runtime: Runtime, partition: number): number {
  return Number(runtime.machine.offset('g', 't', partition)?.offset ?? -1n);
}

describe('a shard over a partition’s log', () => {
  it('loses nothing that it acknowledged, whenever the power goes, and keeps its log small', async () => {
    let snapshots = 0;
    let acknowledgedInAll = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const disk = new SimDisk({ seed, jitter: 3 });
      const dice = new SimRandom(seed * 7_919);
      const acknowledged = new Map<number, number>();
      const sent = new Map<number, number>();
      for (let life = 0; life < 4; life++) {
        const log = await openLog(disk.process());
        const runtime = await openShard(log);
        for (let key = 0; key < KEYS; key++) {
          const stored = committed(runtime, key);
          const told = `seed ${seed} life ${life} key ${key}: stored ${stored}, acknowledged ${acknowledged.get(key)}`;
          expect([told, stored >= (acknowledged.get(key) ?? -1)]).toEqual([told, true]);
          expect([told, stored <= (sent.get(key) ?? -1)]).toEqual([told, true]);
        }
        if (log.partition.log.startOffset > 0) snapshots += 1;
        expect(log.partition.log.sizeBytes).toBeLessThan(5 * CONFIG.segmentBytesMax);
        disk.powerFailsAt = disk.acts + dice.below(400);
        for (let round = 0; round < 60; round++) {
          const answers = Array.from({ length: 1 + dice.below(3) }, async () => {
            const key = dice.below(KEYS);
            const offset = (sent.get(key) ?? 0) + 1;
            sent.set(key, offset);
            await commit(runtime, key, offset);
            acknowledged.set(key, Math.max(offset, acknowledged.get(key) ?? -1));
            acknowledgedInAll += 1;
          });
          const results = await Promise.allSettled(answers);
          if (results.some(({ status }) => status === 'rejected')) break;
        }
        runtime.close();
        if (dice.below(3) === 0) disk.kill();
        else disk.crash();
      }
    }
    expect(snapshots).toBeGreaterThan(SEEDS);
    expect(acknowledgedInAll).toBeGreaterThan(20 * SEEDS);
  }, 60_000);

  it('reads batches that were written together, and of which the start was moved into the middle', async () => {
    const log = await openLog(new SimDisk({ seed: 1 }).process());
    const record = (name: string) => ({ key: utf8(name), value: utf8('v') });
    await log.append([record('a'), record('b'), record('c')], 1);
    await log.append([record('d')], 1);
    await log.advanceStart(1);
    const keys: string[] = [];
    for await (const chunk of log.readAll()) for (const { key } of chunk) keys.push(new TextDecoder().decode(key));
    expect(keys).toEqual(['b', 'c', 'd']);
    expect(log.endOffset).toBe(4);
  });

  it('spreads many bytes over several batches, all committed or none told', async () => {
    const log = await openLog(new SimDisk({ seed: 1 }).process());
    const large = { key: utf8('k'), value: new Uint8Array(700) };
    await log.append(
      Array.from({ length: 5 }, () => large),
      1,
    );
    expect(log.endOffset).toBe(5);
    log.partition.delete();
    expect(() => log.append([large], 1)).toThrow('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

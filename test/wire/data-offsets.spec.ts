import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { DeleteRecords, DescribeLogDirs, ListOffsets, OffsetForLeaderEpoch, errorName } from '@trunkline/protocol';
import type { TestBroker } from '@trunkline/testing';
import { type TestTopic, batchOf, createTopic, fetch, produce, startDataBroker } from './data-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker();
});
afterAll(() => broker.stop());

let topics = 0;
const topicOf = (configs: Record<string, string> = {}, partitions = 1) =>
  createTopic(broker, `offsets-${topics++}`, configs, partitions);
const at = (timestampMs: number) => ({ value: utf8(`at ${timestampMs}`), timestampMs });

async function list(topic: TestTopic, timestamp: bigint, version = 9, more: object = {}, common: object = {}) {
  const partitions = [{ partitionIndex: 0, timestamp, ...more }];
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic.name, partitions }], ...common };
  const { topics: told } = await broker.send(ListOffsets, version, body);
  const [{ errorCode, offset, timestamp: found, leaderEpoch }] = told[0]!.partitions as [
    (typeof told)[0]['partitions'][0],
  ];
  return errorCode === 0 ? { offset, timestamp: found, leaderEpoch } : errorName(errorCode);
}

describe('list-offsets', () => {
  let topic: TestTopic;
  beforeAll(async () => {
    topic = await topicOf();
    await produce(broker, topic, batchOf([at(1000), at(3000), at(2000)], { compression: 'gzip' }));
    await produce(broker, topic, batchOf([at(5000), at(4000)]));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('knows both ends and a time, in version %i', async (version) => {
    const leaderEpoch = version >= 4 ? 0 : -1;
    expect(await list(topic, -1n, version)).toEqual({ offset: 5n, timestamp: -1n, leaderEpoch });
    expect(await list(topic, -2n, version)).toEqual({ offset: 0n, timestamp: -1n, leaderEpoch });
    expect(await list(topic, 1500n, version)).toEqual({ offset: 1n, timestamp: 3000n, leaderEpoch });
  });

  it('finds the first record at or after a time, inside compressed batches too', async () => {
    const found = async (timestamp: bigint) => Object.values(await list(topic, timestamp)).slice(0, 2);
    expect(await found(0n)).toEqual([0n, 1000n]);
    expect(await found(1000n)).toEqual([0n, 1000n]);
    expect(await found(3001n)).toEqual([3n, 5000n]);
    expect(await found(5001n)).toEqual([-1n, -1n]);
  });

  it('finds the record with the largest timestamp, from version 7 on', async () => {
    expect(await list(topic, -3n, 7)).toEqual({ offset: 3n, timestamp: 5000n, leaderEpoch: 0 });
    expect(await list(await topicOf(), -3n, 7)).toEqual({ offset: -1n, timestamp: -1n, leaderEpoch: -1 });
    expect(await list(topic, -3n, 6)).toBe('UNSUPPORTED_VERSION');
  });

  it('answers what belongs to tiered storage as a log without it', async () => {
    expect(await list(topic, -4n, 8)).toMatchObject({ offset: 0n });
    expect(await list(topic, -5n, 9)).toMatchObject({ offset: -1n });
    expect(await list(topic, -6n, 11)).toMatchObject({ offset: -1n });
    expect(await list(topic, -6n, 10)).toBe('UNSUPPORTED_VERSION');
    expect(await list(topic, -7n, 11)).toBe('UNSUPPORTED_VERSION');
  });

  it('refuses stale and unknown epochs, unknown partitions, and a partition that stands twice', async () => {
    expect(await list(topic, -1n, 9, { currentLeaderEpoch: 3 })).toBe('UNKNOWN_LEADER_EPOCH');
    expect(await list(topic, -1n, 9, { partitionIndex: 3 })).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    const twice = [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1n }));
    const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic.name, partitions: twice }] };
    const { topics: told } = await broker.send(ListOffsets, 9, body);
    expect(told[0]!.partitions.map(({ errorCode }) => errorName(errorCode))).toEqual(['INVALID_REQUEST']);
  });
});

describe('offset-for-leader-epoch', () => {
  it.each([2, 3, 4])('tells where an epoch ended, in version %i', async (version) => {
    const topic = await topicOf();
    await produce(broker, topic, batchOf(['a', 'b']));
    const asked = [
      { partition: 0, leaderEpoch: 0 },
      { partition: 0, leaderEpoch: 3 },
      { partition: 0, leaderEpoch: 0, currentLeaderEpoch: 4 },
      { partition: 9, leaderEpoch: 0 },
    ];
    const body = { topics: [{ topic: topic.name, partitions: asked }] };
    const { topics: told } = await broker.send(OffsetForLeaderEpoch, version, body);
    expect(told[0]!.partitions.map((each) => [errorName(each.errorCode), each.leaderEpoch, each.endOffset])).toEqual([
      ['NONE', 0, 2n],
      ['NONE', -1, -1n],
      ['UNKNOWN_LEADER_EPOCH', -1, -1n],
      ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1n],
    ]);
  });
});

describe('delete-records', () => {
  const remove = async (topic: TestTopic, offset: bigint, version = 2) => {
    const body = { timeoutMs: 1000, topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset }] }] };
    const { topics: told } = await broker.send(DeleteRecords, version, body);
    const [{ errorCode, lowWatermark }] = told[0]!.partitions as [(typeof told)[0]['partitions'][0]];
    return errorCode === 0 ? lowWatermark : errorName(errorCode);
  };

  it.each([0, 1, 2])('moves the start of the log, which stays there, in version %i', async (version) => {
    const topic = await topicOf();
    for (const value of ['a', 'b', 'c']) await produce(broker, topic, batchOf([value]));
    expect(await remove(topic, 2n, version)).toBe(2n);
    expect(await remove(topic, 1n, version)).toBe(2n);
    expect((await fetch(broker, topic, { offset: 1 })).error).toBe('OFFSET_OUT_OF_RANGE');
    expect(await fetch(broker, topic, { offset: 2 })).toMatchObject({ values: ['c'], logStartOffset: 2n });
    await broker.restart();
    expect(await list(topic, -2n)).toMatchObject({ offset: 2n });
    expect(await remove(topic, -1n, version)).toBe(3n);
    expect(await fetch(broker, topic, { offset: 3 })).toMatchObject({ values: [], logStartOffset: 3n });
    expect(await produce(broker, topic, batchOf(['d']))).toMatchObject({ baseOffset: 3n, logStartOffset: 3n });
  });

  it('refuses what lies above the watermark, a compacted topic, the broker’s own, and what is not there', async () => {
    const topic = await topicOf();
    expect(await remove(topic, 1n)).toBe('OFFSET_OUT_OF_RANGE');
    expect(await remove(topic, -2n)).toBe('OFFSET_OUT_OF_RANGE');
    expect(await remove(await topicOf({ 'cleanup.policy': 'compact' }), 0n)).toBe('POLICY_VIOLATION');
    expect(await remove(await createTopic(broker, '__share_group_state'), 0n)).toBe('INVALID_TOPIC_EXCEPTION');
    expect(await remove({ name: 'nowhere', id: topic.id }, 0n)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('describe-log-dirs', () => {
  it.each([1, 2, 3, 4, 5])('tells the directory and what its partitions hold, in version %i', async (version) => {
    const topic = await topicOf({}, 2);
    const batch = batchOf(['a']);
    await produce(broker, topic, batch);
    const asked = [
      { topic: topic.name, partitions: [1, 0, 9] },
      { topic: 'nowhere', partitions: [0] },
    ];
    const { errorCode, results } = await broker.send(DescribeLogDirs, version, { topics: asked });
    const partition = { offsetLag: 0n, isFutureKey: false };
    expect([errorCode, results.length]).toEqual([0, 1]);
    expect(results[0]).toMatchObject({ errorCode: 0, logDir: broker.dataDir, isCordoned: false });
    expect(results[0]!.topics).toEqual([
      {
        name: topic.name,
        partitions: [
          { partitionIndex: 0, partitionSize: BigInt(batch.byteLength), ...partition },
          { partitionIndex: 1, partitionSize: 0n, ...partition },
        ],
      },
    ]);
    const { totalBytes, usableBytes } = results[0]!;
    if (version < 4) expect([totalBytes, usableBytes]).toEqual([-1n, -1n]);
    else expect(totalBytes >= usableBytes && usableBytes > 0n).toBe(true);
  });

  it('tells of all topics when none are named', async () => {
    const topic = await topicOf();
    const { results } = await broker.send(DescribeLogDirs, 4, { topics: null });
    expect(results[0]!.topics.map(({ name }) => name)).toContain(topic.name);
    expect((await broker.send(DescribeLogDirs, 4, { topics: [] })).results[0]!.topics).toEqual([]);
  });
});

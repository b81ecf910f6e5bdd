import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HANDLERS } from '@trunkline/broker';
import {
  ApiVersions,
  DescribeCluster,
  DescribeTopicPartitions,
  type DescribeTopicPartitionsRequest,
  Metadata,
  advertisedVersions,
  errorName,
} from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { NO_ID, STRANGE_ID, codes, create, idOf, metadataOf, topic, versionsOf } from './admin-fixture.js';

const NOT_ASKED = -2147483648;
const TOPIC_OPERATIONS = 3576;
const CLUSTER_OPERATIONS = 8096;

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ config: { 'num.partitions': '2', 'broker.rack': 'north' } });
  await create(broker, [topic('a', { numPartitions: 3 }), topic('b')]);
});
afterAll(() => broker.stop());

describe('Metadata', () => {
  it.each(versionsOf(Metadata))('v%i tells brokers, topics and leaders', async (version) => {
    const answer = await broker.send(Metadata, version, { topics: [{ name: 'a' }] });
    const [listener] = broker.broker.addresses;
    expect(answer.brokers).toEqual([
      { nodeId: 1, host: '127.0.0.1', port: listener?.advertised.port, rack: version === 0 ? null : 'north' },
    ]);
    expect(answer.controllerId).toBe(version === 0 ? -1 : 1);
    expect(answer.clusterId).toBe(version < 2 ? null : broker.broker.parts.metadata.image.clusterId);
    const [first] = answer.topics;
    expect(first).toMatchObject({ errorCode: 0, name: 'a', isInternal: false, topicAuthorizedOperations: NOT_ASKED });
    expect(first?.topicId).toBe(version < 10 ? NO_ID : await idOf(broker, 'a'));
    expect(first?.partitions).toEqual(
      [0, 1, 2].map((partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        leaderEpoch: version < 7 ? -1 : 0,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    );
  });

  it('tells all topics for null, and in v0 for an empty list', async () => {
    const names = async (version: number, topics: readonly [] | null): Promise<readonly string[]> =>
      (await broker.send(Metadata, version, { topics })).topics.map(({ name }) => name ?? '').toSorted();
    expect(await names(0, [])).toEqual(['a', 'b']);
    expect(await names(1, [])).toEqual([]);
    expect(await names(1, null)).toEqual(['a', 'b']);
    expect(await names(13, null)).toEqual(['a', 'b']);
  });

  it.each([1, 4, 9, 13])('v%i has a topic that makes itself in its first answer, usable', async (version) => {
    const name = `new-${version}`;
    const { topics } = await broker.send(Metadata, version, { topics: [{ name }, { name }] });
    expect(topics.map((one) => [one.name, one.errorCode, one.partitions.length])).toEqual([[name, 0, 2]]);
    expect(broker.broker.parts.replicas.partition(name, 1)?.log.endOffset).toBe(0);
  });

  it('makes no topic that it shall not make', async () => {
    const { topics } = await metadataOf(broker, ['forbidden']);
    expect(codes(topics)).toEqual(['forbidden UNKNOWN_TOPIC_OR_PARTITION']);
    const frugal = await startTestBroker({ config: { 'auto.create.topics.enable': 'false' } });
    const answer = await frugal.send(Metadata, 13, { topics: [{ name: 'forbidden' }], allowAutoTopicCreation: true });
    expect(codes(answer.topics)).toEqual(['forbidden UNKNOWN_TOPIC_OR_PARTITION']);
    await frugal.stop();
  });

  it('answers each topic in its place, known or not', async () => {
    await create(broker, [topic('with.dot')]);
    const { topics } = await broker.send(Metadata, 13, {
      topics: [
        'no good',
        'b',
        '',
        'with_dot',
        'x'.repeat(250),
        '__cluster_metadata',
        '__transaction_state',
        'fresh',
      ].map((name) => ({ name })),
    });
    expect(codes(topics)).toEqual([
      'no good INVALID_TOPIC_EXCEPTION',
      'b NONE',
      ' INVALID_TOPIC_EXCEPTION',
      'with_dot INVALID_TOPIC_EXCEPTION',
      `${'x'.repeat(250)} INVALID_TOPIC_EXCEPTION`,
      '__cluster_metadata UNKNOWN_TOPIC_OR_PARTITION',
      '__transaction_state UNKNOWN_TOPIC_OR_PARTITION',
      'fresh NONE',
    ]);
  });

  it('makes the offsets topic as groups need it', async () => {
    const { topics } = await broker.send(Metadata, 13, { topics: [{ name: '__consumer_offsets' }] });
    expect(topics[0]).toMatchObject({ errorCode: 0, isInternal: true });
    expect(topics[0]?.partitions).toHaveLength(50);
  });

  it('tells topics by id from v12 on', async () => {
    const id = await idOf(broker, 'b');
    const { topics } = await broker.send(Metadata, 12, {
      topics: [
        { name: null, topicId: id },
        { name: null, topicId: STRANGE_ID },
        { name: null, topicId: NO_ID },
      ],
    });
    expect(topics.map((one) => [one.name, one.topicId, errorName(one.errorCode)])).toEqual([
      ['b', id, 'NONE'],
      [null, STRANGE_ID, 'UNKNOWN_TOPIC_ID'],
      [null, NO_ID, 'INVALID_REQUEST'],
    ]);
    for (const version of [10, 11]) {
      const refused = await broker.send(Metadata, version, { topics: [{ name: null, topicId: id }] });
      expect(refused.topics[0]?.errorCode).toBe(42);
    }
  });

  it('tells what a client may do when it asks', async () => {
    const asked = { topics: [{ name: 'b' }], includeTopicAuthorizedOperations: true };
    const ten = await broker.send(Metadata, 10, { ...asked, includeClusterAuthorizedOperations: true });
    expect([ten.topics[0]?.topicAuthorizedOperations, ten.clusterAuthorizedOperations]).toEqual([
      TOPIC_OPERATIONS,
      CLUSTER_OPERATIONS,
    ]);
    const eleven = await broker.send(Metadata, 11, asked);
    expect(eleven.clusterAuthorizedOperations).toBe(NOT_ASKED);
  });
});

describe('DescribeCluster', () => {
  it.each(versionsOf(DescribeCluster))('v%i tells the cluster', async (version) => {
    const answer = await broker.send(DescribeCluster, version, { includeClusterAuthorizedOperations: version > 0 });
    expect(answer).toMatchObject({ errorCode: 0, controllerId: 1, endpointType: 1 });
    expect(answer.clusterId).toBe(broker.broker.parts.metadata.image.clusterId);
    expect(answer.brokers.map(({ brokerId, host, rack, isFenced }) => [brokerId, host, rack, isFenced])).toEqual([
      [1, '127.0.0.1', 'north', false],
    ]);
    expect(answer.clusterAuthorizedOperations).toBe(version > 0 ? CLUSTER_OPERATIONS : NOT_ASKED);
  });

  it.each([
    [2, 'MISMATCHED_ENDPOINT_TYPE'],
    [3, 'UNSUPPORTED_ENDPOINT_TYPE'],
    [0, 'UNSUPPORTED_ENDPOINT_TYPE'],
  ])('has no end points of type %i: %s', async (endpointType, code) => {
    const answer = await broker.send(DescribeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType });
    expect([errorName(answer.errorCode), answer.brokers]).toEqual([code, []]);
  });
});

describe('DescribeTopicPartitions', () => {
  beforeAll(() =>
    create(
      broker,
      ['q1', 'q2', 'q3'].map((name) => topic(name, { numPartitions: 3 })),
    ),
  );

  type Wish = Partial<DescribeTopicPartitionsRequest>;
  const page = async (names: readonly string[], wish: Wish = {}): Promise<readonly string[]> => {
    const answer = await broker.send(DescribeTopicPartitions, 0, { topics: names.map((name) => ({ name })), ...wish });
    const { nextCursor } = answer;
    return [
      ...answer.topics.map(
        ({ name, errorCode, partitions }) =>
          `${name} ${errorName(errorCode)} ${partitions.map((one) => one.partitionIndex).join()}`,
      ),
      nextCursor === null ? 'end' : `next ${nextCursor.topicName}-${nextCursor.partitionIndex}`,
    ];
  };

  it('tells partitions with all that is known of them', async () => {
    const { topics } = await broker.send(DescribeTopicPartitions, 0, { topics: [{ name: 'b' }] });
    const partition = {
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
    };
    expect(topics).toEqual([
      {
        errorCode: 0,
        name: 'b',
        topicId: await idOf(broker, 'b'),
        isInternal: false,
        partitions: [{ ...partition, eligibleLeaderReplicas: [], lastKnownElr: [], offlineReplicas: [] }],
        topicAuthorizedOperations: TOPIC_OPERATIONS,
      },
    ]);
  });

  it('goes page by page, in the order of names, each once', async () => {
    const names = ['q3', 'q1', 'q2', 'q1', 'nope'];
    expect(await page(names, { responsePartitionLimit: 4 })).toEqual([
      'nope UNKNOWN_TOPIC_OR_PARTITION ',
      'q1 NONE 0,1,2',
      'q2 NONE 0',
      'next q2-1',
    ]);
    const cursor = { topicName: 'q2', partitionIndex: 1 };
    expect(await page(names, { responsePartitionLimit: 4, cursor })).toEqual([
      'q2 NONE 1,2',
      'q3 NONE 0,1',
      'next q3-2',
    ]);
    expect(await page(names, { cursor: { topicName: 'q3', partitionIndex: 2 } })).toEqual(['q3 NONE 2', 'end']);
    expect(await page(['q1', 'q2'], { responsePartitionLimit: 3 })).toEqual(['q1 NONE 0,1,2', 'next q2-0']);
    expect(await page(['q1'], { responsePartitionLimit: 3 })).toEqual(['q1 NONE 0,1,2', 'end']);
    expect(await page(['q1'], { responsePartitionLimit: 0 })).toEqual(['q1 NONE 0', 'next q1-1']);
  });

  it('tells all topics when none is named, from the cursor on', async () => {
    const cursor = { topicName: 'q10', partitionIndex: 0 };
    expect(await page([], { responsePartitionLimit: 4, cursor })).toEqual(['q2 NONE 0,1,2', 'q3 NONE 0', 'next q3-1']);
  });

  it('refuses a cursor that stands nowhere', async () => {
    expect(await page(['q1'], { cursor: { topicName: 'q1', partitionIndex: -1 } })).toEqual([
      'q1 INVALID_REQUEST ',
      'end',
    ]);
    expect(await page(['q1'], { cursor: { topicName: 'q2', partitionIndex: 0 } })).toEqual([
      'q1 INVALID_REQUEST ',
      'end',
    ]);
    expect(await page(['q1', 'q2'], { cursor: { topicName: 'q1', partitionIndex: 7 } })).toEqual([
      'q1 NONE ',
      'q2 NONE 0,1,2',
      'end',
    ]);
  });

  it('never tells more than max.request.partition.size.limit', async () => {
    const small = await startTestBroker({ config: { 'max.request.partition.size.limit': '2' } });
    await create(small, [topic('w', { numPartitions: 5 })]);
    const { topics, nextCursor } = await small.send(DescribeTopicPartitions, 0, {
      topics: [{ name: 'w' }],
      responsePartitionLimit: 2000,
    });
    expect([topics[0]?.partitions.length, nextCursor?.partitionIndex]).toEqual([2, 2]);
    await small.stop();
  });
});

describe('ApiVersions', () => {
  const named = { clientSoftwareName: 'some-client', clientSoftwareVersion: '1.2.3' };

  it.each(versionsOf(ApiVersions))('v%i tells what is served, and which features are on', async (version) => {
    const answer = await broker.send(ApiVersions, version, named);
    expect(answer.errorCode).toBe(0);
    const ranges = new Map(
      answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]),
    );
    expect([ranges.get(0), ranges.get(1), ranges.get(3), ranges.get(11), ranges.get(18), ranges.get(22)]).toEqual([
      [0, 13],
      [4, 18],
      [0, 13],
      [0, 9],
      [0, 4],
      [0, 5],
    ]);
    expect(answer.apiKeys.map(({ apiKey }) => apiKey)).toEqual(
      [...ranges.keys()].toSorted((left, right) => left - right),
    );
    const levels = [
      { name: 'metadata.version', maxVersionLevel: 30, minVersionLevel: 30 },
      { name: 'eligible.leader.replicas.version', maxVersionLevel: 1, minVersionLevel: 1 },
    ];
    expect(answer.finalizedFeatures).toEqual(version < 3 ? [] : levels);
    expect(answer.finalizedFeaturesEpoch >= 0n).toBe(version >= 3);
  });

  it('shows of each API the range that Apache Kafka shows, and serves all of it', async () => {
    const { apiKeys } = await broker.send(ApiVersions, 4, named);
    const forClients = HANDLERS.filter(({ between }) => between !== 'nodes');
    const apis = new Map(forClients.map(({ api }) => [api.key, api]));
    expect(apiKeys).toHaveLength(apis.size);
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      expect([apiKey, [minVersion, maxVersion]]).toEqual([apiKey, advertisedVersions(apis.get(apiKey)!)]);
    }
  });

  it.each([
    ['a b', '1'],
    ['', ''],
    ['-a', '1'],
    ['a', '1.'],
    ['a', 'x'.repeat(20_000)],
  ])('refuses software that calls itself %j %j', async (clientSoftwareName, clientSoftwareVersion) => {
    const answer = await broker.send(ApiVersions, 3, { clientSoftwareName, clientSoftwareVersion });
    expect([errorName(answer.errorCode), answer.apiKeys]).toEqual(['INVALID_REQUEST', []]);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import {
  CreateTopics,
  DeleteRecords,
  errorName,
  Fetch,
  IncrementalAlterConfigs,
  ListOffsets,
  Metadata,
  OffsetForLeaderEpoch,
  Produce,
} from '@trunkline/protocol';
import { batchesIn, buildBatch } from '@trunkline/records';
import { startTestCluster, type TestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const ALL = -1;
const NODES = [1, 2, 3];

async function started(config: Readonly<Record<string, string>> = {}): Promise<TestCluster> {
  cluster = await startTestCluster({
    nodes: 3,
    config: { 'min.insync.replicas': '2', ...config },
    configOf: (node) => ({ 'broker.rack': `rack-${node}` }),
  });
  // The first node keeps the metadata: it is not the one that dies.
  const assignments = [{ partitionIndex: 0, brokerIds: [2, 3, 1] }];
  const topic = { name: 't', numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
  const { topics } = await cluster.send(1, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  expect(topics.map(({ errorCode }) => errorCode)).toEqual([0]);
  return cluster;
}

async function partitionAt(node: number) {
  const { topics } = await cluster!.send(node, Metadata, 12, {
    topics: [{ name: 't' }],
    allowAutoTopicCreation: false,
  });
  const { leaderId, isrNodes } = topics[0]!.partitions[0]!;
  return { leaderId, isr: isrNodes.toSorted((left, right) => left - right) };
}

async function produce(node: number, value: string, acks = ALL, timeoutMs = 10_000) {
  const records = buildBatch([{ value: utf8(value), timestampMs: Date.now() }], { crc32c });
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
  const { responses } = await cluster!.send(node, Produce, 9, { transactionalId: null, acks, timeoutMs, topicData });
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!;
  return errorCode === 0 ? Number(baseOffset) : errorName(errorCode);
}

async function fetched(node: number, fetchOffset = 0, more: { rackId?: string; maxWaitMs?: number } = {}) {
  const { rackId = '', maxWaitMs = 0 } = more;
  const { topics: told } = await cluster!.send(node, Metadata, 12, { topics: [{ name: 't' }] });
  const partitions = [{ partition: 0, fetchOffset: BigInt(fetchOffset), partitionMaxBytes: 1 << 20 }];
  const topics = [{ topicId: told[0]!.topicId, partitions }];
  const { responses } = await cluster!.send(node, Fetch, 17, {
    maxWaitMs,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics,
    rackId,
  });
  const { errorCode, records, preferredReadReplica, highWatermark } = responses[0]!.partitions[0]!;
  const values: string[] = [];
  for (const batch of batchesIn(records ?? new Uint8Array())) {
    for (const { value, offset } of batch.records()) if (offset >= fetchOffset) values.push(fromUtf8(value!));
  }
  return { error: errorName(errorCode), values, preferredReadReplica, highWatermark: Number(highWatermark) };
}

async function latest(node: number, timestamp = -1n) {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }];
  const answer = await cluster!.send(node, ListOffsets, 7, { replicaId: -1, isolationLevel: 0, topics });
  const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
  return errorCode === 0 ? Number(offset) : errorName(errorCode);
}

describe('a partition with three replicas', () => {
  it('acknowledges what is on two of them, and shows it on all', async () => {
    await started();
    const { leaderId, isr } = await partitionAt(1);
    expect(isr).toEqual(NODES);
    for (const [at, value] of ['a', 'b', 'c'].entries()) expect(await produce(leaderId, value)).toBe(at);
    for (const node of NODES) {
      await until(`${node} shows all`, async () => (await fetched(node, 0)).values.join() === 'a,b,c');
    }
    const other = NODES.find((node) => node !== leaderId)!;
    expect(await produce(other, 'd')).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(await latest(other)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(await latest(leaderId)).toBe(3);
    const topics = [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }];
    const { topics: ends } = await cluster!.send(leaderId, OffsetForLeaderEpoch, 4, { replicaId: other, topics });
    expect(ends[0]!.partitions[0]).toMatchObject({ leaderEpoch: 0, endOffset: 3n });
  });

  it('goes on without its leader, loses nothing, and takes it in again', async () => {
    await started();
    const { leaderId } = await partitionAt(1);
    for (const value of ['a', 'b']) await produce(leaderId, value);
    await cluster!.crash(leaderId);
    const [left] = NODES.filter((node) => node !== leaderId);
    const next = await until('another leads', async () => {
      const now = await partitionAt(left!);
      return now.leaderId !== leaderId && now.leaderId > 0 ? now.leaderId : undefined;
    });
    await until('it takes records', async () => typeof (await produce(next, 'c')) === 'number');
    expect((await fetched(next)).values.slice(0, 2)).toEqual(['a', 'b']);
    await cluster!.restart(leaderId);
    await until('all are in sync', async () => (await partitionAt(next)).isr.length === 3);
    const all = (await fetched(next)).values;
    await until('the first has everything', async () => (await fetched(leaderId)).values.join() === all.join());
  });

  it('takes nothing that must be on all while too few are in sync, and goes on once they are back', async () => {
    await started();
    const { leaderId } = await partitionAt(1);
    expect(leaderId).toBe(2);
    await produce(2, 'a');
    await cluster!.crash(3);
    await until('one is out', async () => (await partitionAt(2)).isr.length === 2);
    expect(await produce(2, 'b')).toBe(1);
    const configs = [{ name: 'min.insync.replicas', configOperation: 0, value: '3' }];
    const resources = [{ resourceType: 2, resourceName: 't', configs }];
    await cluster!.send(2, IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    await until('too few are in sync', async () => (await produce(2, 'c')) === 'NOT_ENOUGH_REPLICAS');
    expect(await produce(2, 'c', 1)).toBe(2);
    expect((await fetched(2)).values).toEqual(['a', 'b']);
    await cluster!.restart(3);
    await until('all are in sync', async () => (await partitionAt(2)).isr.length === 3);
    expect(await produce(2, 'd')).toBe(3);
    expect((await fetched(2)).values).toEqual(['a', 'b', 'c', 'd']);
  });

  it('deletes records on all replicas before it says so', async () => {
    await started();
    const { leaderId } = await partitionAt(1);
    for (const value of ['a', 'b', 'c']) await produce(leaderId, value);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2n }] }];
    const answer = await cluster!.send(leaderId, DeleteRecords, 2, { topics, timeoutMs: 10_000 });
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2n });
    for (const node of NODES) {
      const partition = cluster!.node(node).broker.parts.replicas.partition('t', 0)!;
      expect(partition.log.startOffset).toBe(2);
    }
  });

  it('sends a consumer to the replica in its rack, which tells news as soon as they are committed', async () => {
    await started();
    const { leaderId } = await partitionAt(1);
    const [near] = NODES.filter((node) => node !== leaderId);
    await produce(leaderId, 'a');
    const sent = await until('it is sent there', async () => {
      const told = await fetched(leaderId, 0, { rackId: `rack-${near}` });
      return told.preferredReadReplica > 0 ? told : undefined;
    });
    expect(sent).toMatchObject({ preferredReadReplica: near, values: [] });
    expect((await fetched(leaderId, 0, { rackId: `rack-${leaderId}` })).preferredReadReplica).toBe(-1);
    await until('the follower shows it', async () => (await fetched(near!, 0)).values.join() === 'a');
    const parked = fetched(near!, 1, { maxWaitMs: 20_000 });
    await until('the fetch is parked', () => cluster!.node(near!).broker.parts.delayed.waiting > 0);
    const beganMs = performance.now();
    await produce(leaderId, 'b');
    expect((await parked).values).toEqual(['b']);
    expect(performance.now() - beganMs).toBeLessThan(400);
  });
});

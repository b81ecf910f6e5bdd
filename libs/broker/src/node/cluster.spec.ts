import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AlterPartitionReassignments,
  CreateTopics,
  DeleteTopics,
  DescribeCluster,
  ElectLeaders,
  FindCoordinator,
  IncrementalAlterConfigs,
  InitProducerId,
  DescribeConfigs,
  ListPartitionReassignments,
  Metadata,
  UnregisterBroker,
  UpdateFeatures,
  errorName,
} from '@trunkline/protocol';
import { ZERO_UUID } from '@trunkline/kernel';
import { type TestCluster, startTestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const ascending = (left: number, right: number): number => left - right;

async function create(node: number, name: string, numPartitions = 3, replicationFactor = 3): Promise<number> {
  const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] };
  const { topics } = await cluster!.send(node, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  return topics[0]!.errorCode;
}

async function brokersAt(node: number): Promise<readonly number[]> {
  const { brokers } = await cluster!.send(node, Metadata, 12, { topics: [] });
  return brokers.map(({ nodeId }) => nodeId).toSorted(ascending);
}

async function partitionsAt(node: number, name: string): Promise<readonly string[] | number> {
  const { topics } = await cluster!.send(node, Metadata, 12, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
  });
  const [topic] = topics;
  if (topic!.errorCode !== 0) return topic!.errorCode;
  return topic!.partitions.map(
    ({ partitionIndex, leaderId, isrNodes }) =>
      `${partitionIndex}: ${leaderId} of ${isrNodes.toSorted(ascending).join(' ')}`,
  );
}

describe.each([1, 3])('a cluster of three brokers with votes of %i', (voters) => {
  it('tells every client of all three', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    for (const node of [1, 2, 3]) expect(await brokersAt(node)).toEqual([1, 2, 3]);
  });

  it('makes topics through any broker, known to all when that is answered', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    for (const node of [1, 2, 3]) {
      expect(await create(node, `from-${node}`)).toBe(0);
      for (const other of [1, 2, 3]) expect(await partitionsAt(other, `from-${node}`)).toHaveLength(3);
    }
  });

  it('fences a broker that is killed well before its session ends, and lets it in again', async () => {
    cluster = await startTestCluster({ nodes: 3, voters, config: { 'broker.session.timeout.ms': '20000' } });
    await create(1, 't');
    const beganMs = performance.now();
    await cluster.crash(3);
    await until('3 is fenced', async () => (await brokersAt(1)).join() === '1,2');
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    await cluster.restart(3);
    await until('3 is back', async () => (await brokersAt(2)).join() === '1,2,3');
  });

  it('fences a silent broker after its session', async () => {
    cluster = await startTestCluster({ nodes: 3, voters, config: { 'broker.session.timeout.ms': '1500' } });
    cluster.partition(1, 3);
    cluster.partition(2, 3);
    await until('3 is fenced', async () => (await brokersAt(1)).join() === '1,2');
    cluster.heal();
    await until('3 is back', async () => (await brokersAt(1)).join() === '1,2,3');
  });

  it('moves leaders away before a broker ends', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    await create(1, 't', 6);
    await cluster.stopNode(3);
    const partitions = await partitionsAt(1, 't');
    expect(partitions).toHaveLength(6);
    expect(JSON.stringify(partitions)).not.toMatch(/: (3|-1) of/);
  });

  it('lives on when its controller comes back', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    await create(2, 'before');
    const controller = cluster.node(1).broker.parts.metadata.role.leaderId;
    await cluster.crash(controller);
    await cluster.restart(controller);
    expect(await create(3, 'after')).toBe(0);
    for (const node of [1, 2, 3]) {
      await until('all are in', async () => (await brokersAt(node)).join() === '1,2,3');
      expect(await partitionsAt(node, 'before')).toHaveLength(3);
    }
  });

  it('gives each producer an id of its own, whichever broker it asks', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    const request = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1n, producerEpoch: -1 };
    const answers = await Promise.all([1, 2, 3, 2, 3].map((node) => cluster!.send(node, InitProducerId, 4, request)));
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0, 0]);
    expect(new Set(answers.map(({ producerId }) => producerId)).size).toBe(5);
  });

  it('makes topics by their use, and the groups’ own, through any broker', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    const { topics } = await cluster.send(3, Metadata, 12, {
      topics: [{ name: 'used' }],
      allowAutoTopicCreation: true,
    });
    expect(topics[0]).toMatchObject({ errorCode: 0, name: 'used' });
    const found = await cluster.send(2, FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    expect(found.coordinators[0]).toMatchObject({ errorCode: 0 });
    expect(await partitionsAt(1, '__consumer_offsets')).toHaveLength(50);
  });

  it('changes and deletes topics through any broker, known to all when that is answered', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    await create(1, 't');
    const change = { name: 'retention.ms', configOperation: 0, value: '12345' };
    const altered = { resourceType: 2, resourceName: 't', configs: [change] };
    await cluster.send(2, IncrementalAlterConfigs, 1, { resources: [altered], validateOnly: false });
    const asked = { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] };
    const { results } = await cluster.send(3, DescribeConfigs, 4, { resources: [asked] });
    expect(results[0]?.configs[0]).toMatchObject({ value: '12345' });
    await cluster.send(3, DeleteTopics, 6, { topics: [{ name: 't', topicId: ZERO_UUID }], timeoutMs: 5_000 });
    for (const node of [1, 2, 3]) expect(await partitionsAt(node, 't')).toBe(3);
  });

  it('refuses through any broker as the controller would', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    await create(1, 't');
    for (const node of [1, 2]) expect(await create(node, 't')).toBe(36);
    const features = [{ feature: 'metadata.version', maxVersionLevel: 29, upgradeType: 1 }];
    const told = await cluster.send(2, UpdateFeatures, 2, { featureUpdates: features });
    expect(errorName(told.errorCode)).toBe('INVALID_UPDATE_VERSION');
  });

  it('elects and reassigns through any broker', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    await create(1, 't', 1, 1);
    const [was] = (await partitionsAt(1, 't')) as readonly string[];
    const target = was!.includes(': 3') ? 2 : 3;
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, replicas: [target] }] }];
    const { responses } = await cluster.send(2, AlterPartitionReassignments, 1, { topics });
    expect(responses[0]?.partitions[0]).toMatchObject({ errorCode: 0 });
    const listed = await cluster.send(3, ListPartitionReassignments, 0, {});
    const elected = await cluster.send(3, ElectLeaders, 2, { electionType: 0, topicPartitions: null });
    expect([listed.errorCode, elected.errorCode]).toEqual([0, 0]);
  });

  it('tells its controllers where they are asked for', async () => {
    cluster = await startTestCluster({ nodes: 3, voters });
    const request = { includeClusterAuthorizedOperations: false, endpointType: 2 };
    const told = await cluster.send(1, DescribeCluster, 1, request);
    expect(told.endpointType).toBe(2);
    expect(told.controllerId).toBe(cluster.node(1).broker.parts.metadata.role.leaderId);
    expect(told.brokers.map(({ brokerId }) => brokerId)).toEqual(voters === 1 ? [1] : [1, 2, 3]);
    const { errorCode } = await cluster.send(3, DescribeCluster, 1, request);
    expect(errorName(errorCode)).toBe(voters === 1 ? 'MISMATCHED_ENDPOINT_TYPE' : 'NONE');
  });
});

describe('a node that does not belong', () => {
  it('is refused under the id of a broker that lives, in a sentence, and harms nobody', async () => {
    cluster = await startTestCluster({ nodes: 2, config: { 'broker.session.timeout.ms': '1500' } });
    const twin = cluster.startTwin(2);
    await expect(twin).rejects.toThrow(/another process is registered under this id and lives/);
    expect(await brokersAt(1)).toEqual([1, 2]);
  });

  it('is refused with the directory of another cluster', async () => {
    cluster = await startTestCluster({ nodes: 2 });
    await cluster.stopNode(2);
    await expect(cluster.restart(2, { clusterId: 'AnotherAnotherAnotherA' })).rejects.toThrow(/shall be in cluster/);
    expect(await brokersAt(1)).toEqual([1]);
  });

  it('ends in a sentence when it is unregistered', async () => {
    cluster = await startTestCluster({ nodes: 2 });
    const { errorCode } = await cluster.send(1, UnregisterBroker, 0, { brokerId: 2 });
    expect(errorCode).toBe(0);
    await until('broker 2 ends', () => cluster!.ended.some((why) => /was unregistered/.test(why)));
    expect(await brokersAt(1)).toEqual([1]);
  });
});

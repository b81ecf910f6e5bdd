import { afterEach, describe, expect, it } from '@jest/globals';
import { CreateTopics, Metadata } from '@trunkline/protocol';
import { type TestCluster, startTestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function create(node: number, name: string, numPartitions = 3, replicationFactor = 3): Promise<number> {
  const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] };
  const { topics } = await cluster!.send(node, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  return topics[0]!.errorCode;
}

async function brokersAt(node: number): Promise<readonly number[]> {
  const { brokers } = await cluster!.send(node, Metadata, 12, { topics: [] });
  return brokers.map(({ nodeId }) => nodeId).toSorted();
}

async function partitionsAt(node: number, name: string): Promise<readonly string[] | number> {
  const { topics } = await cluster!.send(node, Metadata, 12, { topics: [{ name }] });
  const [topic] = topics;
  if (topic!.errorCode !== 0) return topic!.errorCode;
  return topic!.partitions.map(
    ({ partitionIndex, leaderId, isrNodes }) => `${partitionIndex}: ${leaderId} of ${isrNodes.toSorted().join(' ')}`,
  );
}

describe('a cluster of three brokers', () => {
  it('tells every client of all three', async () => {
    cluster = await startTestCluster({ nodes: 3 });
    for (const node of [1, 2, 3]) expect(await brokersAt(node)).toEqual([1, 2, 3]);
  });

  it('makes topics through any broker, known to all when that is answered', async () => {
    cluster = await startTestCluster({ nodes: 3 });
    for (const node of [1, 2, 3]) {
      expect(await create(node, `from-${node}`)).toBe(0);
      for (const other of [1, 2, 3]) expect(await partitionsAt(other, `from-${node}`)).toHaveLength(3);
    }
  });

  it('fences a broker that is killed well before its session ends, and lets it in again', async () => {
    cluster = await startTestCluster({ nodes: 3, config: { 'broker.session.timeout.ms': '20000' } });
    await create(1, 't');
    const beganMs = performance.now();
    await cluster.crash(3);
    await until('3 is fenced', async () => (await brokersAt(1)).join() === '1,2');
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    await cluster.restart(3);
    await until('3 is back', async () => (await brokersAt(2)).join() === '1,2,3');
  });

  it('fences a silent broker after its session', async () => {
    cluster = await startTestCluster({ nodes: 3, config: { 'broker.session.timeout.ms': '1500' } });
    cluster.partition(1, 3);
    await until('3 is fenced', async () => (await brokersAt(1)).join() === '1,2');
    cluster.heal();
    await until('3 is back', async () => (await brokersAt(1)).join() === '1,2,3');
  });

  it('moves leaders away before a broker ends', async () => {
    cluster = await startTestCluster({ nodes: 3 });
    await create(1, 't', 6);
    await cluster.stopNode(3);
    const partitions = await partitionsAt(1, 't');
    expect(partitions).toHaveLength(6);
    expect(JSON.stringify(partitions)).not.toMatch(/: (3|-1) of/);
  });
});

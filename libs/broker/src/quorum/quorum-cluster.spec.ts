import { afterEach, describe, expect, it } from '@jest/globals';
import { CreateTopics, Metadata } from '@trunkline/protocol';
import { type TestCluster, startTestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const start = (nodes = 3, voters = 3): Promise<TestCluster> =>
  startTestCluster({ nodes, voters, config: { 'min.insync.replicas': '2' } });

async function create(node: number, name: string): Promise<number> {
  const topic = { name, numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] };
  const { topics } = await cluster!.send(node, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  return topics[0]!.errorCode;
}

async function topicsAt(node: number): Promise<readonly string[]> {
  const { topics } = await cluster!.send(node, Metadata, 12, { topics: null });
  return topics.map(({ name }) => name ?? '').toSorted();
}

/** The node that decides. */
function active(): Promise<number> {
  return until('a node decides', () => cluster!.running.find(({ broker }) => broker.parts.metadata.role.isActive)?.id);
}

describe('three nodes that vote', () => {
  it('elect one of them, and make topics through any', async () => {
    cluster = await start();
    const leader = await active();
    for (const { id, broker } of cluster.running) {
      expect(broker.parts.metadata.role).toMatchObject({ leaderId: leader, isActive: id === leader });
      expect(await create(id, `from-${id}`)).toBe(0);
    }
    for (const { id } of cluster.running) expect(await topicsAt(id)).toEqual(['from-1', 'from-2', 'from-3']);
  });
});

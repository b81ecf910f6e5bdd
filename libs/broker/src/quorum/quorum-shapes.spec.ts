import { afterEach, describe, expect, it } from '@jest/globals';
import { CreateTopics, Metadata } from '@trunkline/protocol';
import { type TestCluster, startTestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function create(node: number, name: string, replicationFactor = 1): Promise<number> {
  const topic = { name, numPartitions: 1, replicationFactor, assignments: [], configs: [] };
  const { topics } = await cluster!.send(node, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  return topics[0]!.errorCode;
}

async function topicsAt(node: number): Promise<readonly string[]> {
  const { topics } = await cluster!.send(node, Metadata, 12, { topics: null });
  return topics.map(({ name }) => name ?? '').toSorted();
}

const active = (): Promise<number> =>
  until('a node decides', () => cluster!.running.find(({ broker }) => broker.parts.metadata.role.isActive)?.id);

describe('a quorum', () => {
  it('of controllers only decides for brokers that have no vote', async () => {
    cluster = await startTestCluster({
      nodes: 5,
      voters: 3,
      configOf: (node): Readonly<Record<string, string>> => (node <= 3 ? { 'process.roles': 'controller' } : {}),
    });
    expect(await create(4, 'a', 2)).toBe(0);
    const first = await active();
    await cluster.crash(first);
    expect(await create(5, 'b', 2)).toBe(0);
    for (const node of [4, 5]) await until('both are known', async () => (await topicsAt(node)).join() === 'a,b');
    const { brokers } = await cluster.send(4, Metadata, 12, { topics: [] });
    expect(brokers.map(({ nodeId }) => nodeId).toSorted((left, right) => left - right)).toEqual([4, 5]);
  });

  it('of one goes on after its node was killed', async () => {
    cluster = await startTestCluster({ nodes: 2, voters: 1 });
    expect(await create(2, 'a')).toBe(0);
    await cluster.crash(1);
    await cluster.restart(1);
    expect(await create(2, 'b')).toBe(0);
    for (const node of [1, 2]) await until('it is known', async () => (await topicsAt(node)).join() === 'a,b');
  });

  it('gives a snapshot to who was away for long, and to a blank disk', async () => {
    const settings = { 'metadata.log.max.record.bytes.between.snapshots': '1500' };
    cluster = await startTestCluster({ nodes: 3, voters: 3, config: settings });
    const leader = await active();
    const away = leader === 1 ? 2 : 1;
    await cluster.crash(away);
    const names = Array.from({ length: 20 }, (_, at) => `topic-${String(at).padStart(2, '0')}`);
    for (const name of names) expect(await create(leader, name)).toBe(0);
    const { quorum } = cluster.node(leader).broker.parts;
    expect(quorum!.status.logStartOffset).toBeGreaterThan(10);
    await cluster.restart(away);
    expect(await topicsAt(away)).toEqual(names);
    await cluster.restart(away, { wiped: true });
    expect(await topicsAt(away)).toEqual(names);
    expect(cluster.node(away).broker.parts.quorum!.status.logStartOffset).toBeGreaterThan(10);
  });
});

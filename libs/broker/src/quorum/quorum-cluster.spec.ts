import { afterEach, describe, expect, it } from '@jest/globals';
import { CreateTopics, DescribeQuorum, Metadata, RemoveRaftVoter, errorName } from '@trunkline/protocol';
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

async function quorumAt(node: number) {
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const told = await cluster!.send(node, DescribeQuorum, 2, { topics });
  return { ...told.topics[0]!.partitions[0]!, nodes: told.nodes };
}

const votersAt = async (node: number): Promise<ReadonlyMap<number, string>> =>
  new Map((await quorumAt(node)).currentVoters.map(({ replicaId, replicaDirectoryId }) => [replicaId, replicaDirectoryId])); // prettier-ignore

const others = (id: number): readonly number[] => [1, 2, 3].filter((each) => each !== id);

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

  it('go on without the one that decided, and take it in again', async () => {
    cluster = await start();
    const first = await active();
    expect(await create(first, 'before')).toBe(0);
    const beganMs = performance.now();
    await cluster.crash(first);
    const second = await active();
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    expect(second).not.toBe(first);
    for (const node of others(first)) {
      expect(await create(node, `from-${node}`)).toBe(0);
    }
    await cluster.restart(first);
    await until('it knows everything', async () => (await topicsAt(first)).length === 3);
    expect(await create(first, 'after')).toBe(0);
  });

  it('forget nothing when all of them are killed, and stop in a moment', async () => {
    cluster = await start();
    expect(await create(await active(), 'kept')).toBe(0);
    for (const id of [1, 2, 3]) await cluster.crash(id);
    await Promise.all([1, 2, 3].map((id) => cluster!.restart(id)));
    for (const id of [1, 2, 3]) expect(await topicsAt(id)).toEqual(['kept']);
  });

  it('hand the decisions over before one ends in order', async () => {
    cluster = await start();
    const first = await active();
    const { broker } = cluster.node(first);
    const { epoch } = broker.parts.metadata.role;
    await cluster.stopNode(first);
    const second = cluster.node(await active()).broker.parts.metadata.role;
    expect(second).toMatchObject({ isActive: true, epoch: epoch + 1 });
    expect(broker.parts.metadata.role.leaderId).toBe(second.leaderId);
  });

  it('tell of themselves through any node', async () => {
    cluster = await start(4, 3);
    const leader = await active();
    for (const { id } of cluster.running) {
      const told = await quorumAt(id);
      expect(told).toMatchObject({ errorCode: 0, leaderId: leader });
      expect(told.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1, 2, 3]);
      expect(told.observers.map(({ replicaId }) => replicaId)).toEqual([4]);
      expect(told.nodes.map(({ nodeId, listeners }) => `${nodeId} ${listeners[0]?.port}`)).toEqual([
        '1 9092',
        '2 9093',
        '3 9094',
      ]);
      for (const { logEndOffset } of [...told.currentVoters, ...told.observers]) {
        expect(Number(logEndOffset)).toBeGreaterThan(0);
      }
    }
    const other = await cluster.send(1, DescribeQuorum, 2, {
      topics: [{ topicName: 't', partitions: [{ partitionIndex: 0 }] }],
    });
    expect(errorName(other.topics[0]!.partitions[0]!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('let one that lost its disk take its place again', async () => {
    cluster = await start();
    const leader = await active();
    expect(await create(leader, 'kept')).toBe(0);
    const wiped = others(leader)[0]!;
    const before = await votersAt(leader);
    await cluster.crash(wiped);
    await cluster.restart(wiped, { wiped: true });
    const now = cluster.node(wiped).broker.parts.directoryId;
    expect(now).not.toBe(before.get(wiped));
    await until('it votes', async () => (await votersAt(leader)).get(wiped) === now, 20_000);
    expect(await topicsAt(wiped)).toEqual(['kept']);
    // It counts: without the other follower, decisions need it.
    await cluster.crash(others(leader)[1]!);
    expect(await create(leader, 'with-it')).toBe(0);
  }, 60_000); // prettier-ignore

  it('do not take back one that somebody removed', async () => {
    cluster = await start();
    const leader = await active();
    const removed = others(leader)[0]!;
    const voterDirectoryId = cluster.node(removed).broker.parts.directoryId;
    const told = await cluster.send(leader, RemoveRaftVoter, 0, {
      clusterId: null,
      voterId: removed,
      voterDirectoryId,
    });
    expect(told).toMatchObject({ errorCode: 0 });
    await cluster.restart(removed);
    expect([...(await votersAt(leader)).keys()]).toEqual([1, 2, 3].filter((id) => id !== removed));
    expect(await create(removed, 'through-it')).toBe(0);
  });
});

describe('a node that does not belong to the quorum', () => {
  it('is refused with a directory that nobody formatted, and told how', async () => {
    cluster = await start();
    const blank = cluster.restart(3, { formattedFor: '' });
    await expect(blank).rejects.toThrow(/is not formatted: run "trunkline-broker format .* --node-id 3"; add --join/);
  });

  it('is refused when it was formatted for another cluster, and disturbs nobody', async () => {
    cluster = await start();
    const leader = await active();
    const { epoch } = cluster.node(leader).broker.parts.metadata.role;
    const stranger = others(leader)[0]!;
    const odd = cluster.restart(stranger, { formattedFor: 'AnotherAnotherAnotherA' });
    await expect(odd).rejects.toThrow(/belongs to cluster AnotherAnotherAnotherA, and this is another one/);
    expect(await create(leader, 'undisturbed')).toBe(0);
    expect(cluster.node(leader).broker.parts.metadata.role).toMatchObject({ isActive: true, epoch });
  });
});

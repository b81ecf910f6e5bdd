import { expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { describeAdmin, eventually } from './admin-kit.js';
import { codeOf } from './client-kit.js';
import { apacheKafka, itSinceFour, kafkaBrokers } from './brokers.js';

const SOME_UUID = '_WNvW5yCQju7sVk4NrvR7A' as Uuid;

describeAdmin('the cluster', (world, tested) => {
  it('is described with id, controller and brokers', async () => {
    const { clusterId, controllerId, brokers, authorizedOperations } = await world().admin.cluster.describe();
    expect(clusterId).toEqual(expect.any(String));
    expect(brokers.map(({ nodeId }) => nodeId)).toContain(controllerId);
    expect(brokers[0]).toMatchObject({ host: '127.0.0.1', port: expect.any(Number), isFenced: false });
    expect(authorizedOperations).toBeUndefined();
  });

  it('tells what one may do with it, when asked', async () => {
    const { authorizedOperations } = await world().admin.cluster.describe({ includeAuthorizedOperations: true });
    expect(authorizedOperations).toEqual(expect.arrayContaining(['create', 'alter', 'describe']));
  });

  itSinceFour(tested, 'tells fenced brokers too, when asked', async () => {
    const { brokers } = await world().admin.cluster.describe({ includeFencedBrokers: true });
    expect(brokers.some(({ isFenced }) => !isFenced)).toBe(true);
  });

  it('has features that are in force within what is supported', async () => {
    const { finalized, supported, finalizedEpoch } = await world().admin.cluster.describeFeatures();
    expect(finalizedEpoch).toBeGreaterThan(0);
    expect(finalized.has('metadata.version')).toBe(true);
    for (const [name, { max }] of finalized) expect(max).toBeLessThanOrEqual(supported.get(name)!.max);
  });

  it('tells what its directories hold', async () => {
    const { admin } = world();
    const topic = await world().topic({ partitions: 2 });
    await world().send(topic, ['a'.repeat(1_000)]);
    const byBroker = await admin.cluster.describeLogDirs();
    const replicas = byBroker.values().flatMap((dirs) => dirs.flatMap((dir) => dir.replicas));
    const own = replicas.filter((replica) => replica.topic === topic);
    expect(new Set(own.map(({ partition }) => partition))).toEqual(new Set([0, 1]));
    expect(own.find(({ partition }) => partition === 0)!.sizeBytes).toBeGreaterThan(1_000);
    expect(own.every(({ isFuture, offsetLag }) => !isFuture && offsetLag === 0)).toBe(true);
  });

  it('tells of its directories only what is asked for', async () => {
    const topic = await world().topic({ partitions: 2 });
    const partitions = [{ topic, partition: 1 }];
    const described = async () =>
      (await world().admin.cluster.describeLogDirs(undefined, { partitions })).values().flat();
    await eventually(
      async () => (await described()).flatMap(({ replicas }) => replicas.map((told) => told.partition)),
      [1],
    );
    expect((await described())[0]).toMatchObject({
      error: undefined,
      totalBytes: expect.any(Number),
      usableBytes: expect.any(Number),
    });
  });

  it('has no directories at a broker that is none', async () => {
    const call = world().admin.cluster.describeLogDirs([4711], { timeoutMs: 400 });
    expect(await codeOf(call)).toBe('UNREACHABLE');
  });

  it('answers for the brokers that are there when one is none', async () => {
    const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
    const dirs = await world().admin.cluster.describeLogDirs([nodeId, 4711], { timeoutMs: 1_500 });
    expect(dirs.get(nodeId)?.ok).toBe(true);
    expect(dirs.get(4711)?.error?.code).toBe('UNREACHABLE');
  });

  it('has an admin that ends its calls when it closes', async () => {
    const admin = world().another();
    const call = codeOf(admin.cluster.describeLogDirs([4711]));
    await admin.close();
    expect(await call).toBe('CLOSED');
    expect(await codeOf(admin.topics.list())).toBe('CLOSED');
  });

  it('has calls that end by their signal', async () => {
    const stop = new AbortController();
    const call = codeOf(world().admin.cluster.describeLogDirs([4711], { signal: stop.signal }));
    stop.abort();
    expect(await call).toBe('ABORTED');
  });
});

describeAdmin(
  'a cluster without a quorum to speak of',
  (world, tested) => {
    const missing = [
      'DescribeQuorum',
      'ElectLeaders',
      'ListPartitionReassignments',
      'DescribeAcls',
      'ListTransactions',
    ];
    it(`of ${tested.name} names the API that is missing`, async () => {
      const { cluster, acls, transactions } = world().admin;
      const calls = [
        () => cluster.describeQuorum(),
        () => cluster.electLeaders('preferred'),
        () => cluster.listReassignments(),
        () => acls.describe(),
        () => transactions.list(),
      ];
      for (const [index, call] of calls.entries()) {
        const error = await call().then(String, String);
        if (error.includes('UNSUPPORTED_BROKER')) expect(error).toContain(missing[index]);
      }
      expect(await codeOf(cluster.unregisterBroker(4711))).toMatch(/UNSUPPORTED_BROKER|BROKER_ID_NOT_REGISTERED/);
    });
  },
  kafkaBrokers().filter((tested) => tested !== apacheKafka),
);

const kraft = kafkaBrokers().filter((tested) => tested === apacheKafka);

describeAdmin(
  'the placement',
  (world, tested) => {
    it('knows the quorum', async () => {
      const { leaderId, voters, nodes, highWatermark } = await world().admin.cluster.describeQuorum();
      expect(voters.map(({ nodeId }) => nodeId)).toEqual([leaderId]);
      expect(nodes[0]!.listeners[0]).toMatchObject({ name: 'CONTROLLER', host: '127.0.0.1' });
      expect(highWatermark).toBeGreaterThan(0);
    });

    itSinceFour(tested, 'checks features without changing them', async () => {
      const { cluster } = world().admin;
      const level = (await cluster.describeFeatures()).finalized.get('group.version')!.max;
      const checked = await cluster.updateFeatures([{ feature: 'group.version', level: 0, kind: 'safe_downgrade' }], {
        validateOnly: true,
      });
      expect(checked.size).toBe(1);
      expect((await cluster.describeFeatures()).finalized.get('group.version')!.max).toBe(level);
    });

    it('refuses a feature that is none', async () => {
      const refused = await world().admin.cluster.updateFeatures([{ feature: 'no.such.version', level: 1 }]);
      expect(refused.get('no.such.version')?.error?.code).toMatch(/INVALID_UPDATE_VERSION|INVALID_REQUEST/);
    });

    it('refuses a level that is not supported', async () => {
      const refused = await world().admin.cluster.updateFeatures([{ feature: 'group.version', level: 99 }]);
      expect(refused.get('group.version')?.error?.code).toBe('INVALID_UPDATE_VERSION');
    });

    it('needs no election where the preferred leads', async () => {
      const topic = await world().topic({ partitions: 1 });
      const elected = await world().admin.cluster.electLeaders('preferred', [{ topic, partition: 0 }]);
      expect(elected.get({ topic, partition: 0 })?.error?.code).toBe('ELECTION_NOT_NEEDED');
    });

    it('has no election of a partition that is none', async () => {
      const key = { topic: 'admin-no-such-topic', partition: 0 };
      const elected = await world().admin.cluster.electLeaders('unclean', [key]);
      expect(elected.get(key)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('elects all that need it', async () => {
      const elected = await world().admin.cluster.electLeaders('preferred');
      expect(elected.failures).toEqual([]);
    });

    it('takes a move to where the partition is', async () => {
      const topic = await world().topic({ partitions: 1 });
      const [key, { nodeId }] = [{ topic, partition: 0 }, (await world().admin.cluster.describe()).brokers[0]!];
      (await world().admin.cluster.alterReassignments([{ ...key, replicas: [nodeId] }])).check();
      expect((await world().admin.cluster.listReassignments([key])).size).toBe(0);
    });

    it('refuses a move to a broker that is none, and takes the others', async () => {
      const topic = await world().topic({ partitions: 2 });
      const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
      const moved = await world().admin.cluster.alterReassignments([
        { topic, partition: 0, replicas: [4711] },
        { topic, partition: 1, replicas: [nodeId] },
      ]);
      expect(moved.get({ topic, partition: 0 })?.error?.code).toBe('INVALID_REPLICA_ASSIGNMENT');
      expect(moved.get({ topic, partition: 1 })?.ok).toBe(true);
    });

    itSinceFour(tested, 'refuses another number of replicas when that is forbidden', async () => {
      const key = { topic: await world().topic({ partitions: 1 }), partition: 0 };
      const moved = await world().admin.cluster.alterReassignments([{ ...key, replicas: [1, 2] }], {
        allowReplicationFactorChange: false,
      });
      expect(moved.get(key)?.error?.code).toMatch(/INVALID_REPLICATION_FACTOR|INVALID_REPLICA_ASSIGNMENT/);
    });

    it('calls off no move that is none', async () => {
      const key = { topic: await world().topic({ partitions: 1 }), partition: 0 };
      const calledOff = await world().admin.cluster.alterReassignments([{ ...key, replicas: null }]);
      expect(calledOff.get(key)?.error?.code).toBe('NO_REASSIGNMENT_IN_PROGRESS');
    });

    it('lists the moves that go on', async () => {
      expect((await world().admin.cluster.listReassignments()).failures).toEqual([]);
    });

    it('has no directory that is none', async () => {
      const topic = await world().topic({ partitions: 1 });
      const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
      const replica = { topic, partition: 0, nodeId };
      const moved = await world().admin.cluster.alterReplicaLogDirs([{ ...replica, path: '/no/such/directory' }]);
      expect(moved.get(replica)?.error?.code).toBe('LOG_DIR_NOT_FOUND');
    });

    it('moves a replica to the directory where it is', async () => {
      const topic = await world().topic({ partitions: 1 });
      const described = await world().admin.cluster.describeLogDirs();
      const nodeId = described.keys()[0]!;
      const { path } = described.value(nodeId)[0]!;
      const replica = { topic, partition: 0, nodeId };
      (await world().admin.cluster.alterReplicaLogDirs([{ ...replica, path }])).check();
    });

    it('forgets no broker that is none', async () => {
      expect(await codeOf(world().admin.cluster.unregisterBroker(4711))).toBe('BROKER_ID_NOT_REGISTERED');
    });

    it('takes no voter away that is none', async () => {
      const voter = { nodeId: 4711, directoryId: SOME_UUID };
      expect(await codeOf(world().admin.cluster.removeRaftVoter(voter))).toBe('VOTER_NOT_FOUND');
    });

    it('adds no voter that is one', async () => {
      const { nodeId, directoryId } = (await world().admin.cluster.describeQuorum()).voters[0]!;
      const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 1 }];
      const call = world().admin.cluster.addRaftVoter({ nodeId, directoryId: directoryId!, listeners });
      expect(await codeOf(call)).toBe('DUPLICATE_VOTER');
    });

    it('adds no voter of another cluster', async () => {
      const voter = { nodeId: 9, directoryId: SOME_UUID, clusterId: 'another', listeners: [] };
      expect(await codeOf(world().admin.cluster.addRaftVoter(voter))).toBe('INCONSISTENT_CLUSTER_ID');
    });
  },
  kraft,
);

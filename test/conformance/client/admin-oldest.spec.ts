import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin, type AskOptions, type BodyOf, type Cluster, KafkaClient, type Target } from '@trunkline/client';
import { type AnyApi, advertisedVersions } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type RunningBroker, itSinceFour, kafkaBrokers, nodePorts } from './brokers.js';

/** The same cluster, asked in the oldest versions that brokers still know and the caller accepts. */
function inOldestVersions(cluster: Cluster): Cluster {
  const ask = <A extends AnyApi>(target: Target, api: A, body: BodyOf<A>, options: AskOptions = {}) => {
    const versionMax = Math.max(options.versionMin ?? 0, advertisedVersions(api)?.[0] ?? 0);
    return cluster.ask(target, api, body, { ...options, versionMax });
  };
  return new Proxy(cluster, {
    get: (whole, name) => {
      if (name === 'ask') return ask;
      const member: unknown = Reflect.get(whole, name, whole);
      return typeof member === 'function' ? (member.bind(whole) as unknown) : member;
    },
  });
}

for (const tested of kafkaBrokers()) {
  describe(`an admin of ${tested.name} that speaks the oldest versions`, () => {
    const topic = `admin-oldest-${process.pid}-${Date.now()}`;
    const key = { topic, partition: 0 };
    let running: RunningBroker;
    let client: KafkaClient;
    let admin: Admin;

    beforeAll(async () => {
      running = await tested.start();
      client = new KafkaClient({ bootstrap: running.bootstrap }, nodePorts());
      admin = new Admin(inOldestVersions(client.cluster), { timeoutMs: 15_000 });
      (await admin.topics.create([{ name: topic, partitions: 2 }])).check();
      await until('the topic is there', async () => (await admin.topics.describe([topic])).get(topic)?.ok);
    });
    afterAll(async () => {
      (await admin.topics.delete([topic])).check();
      await admin.close();
      await client.close();
      await running.close();
    });

    it('lists topics, without their ids', async () => {
      const listed = (await admin.topics.list()).find(({ name }) => name === topic);
      expect(listed).toEqual({ name: topic, topicId: undefined, isInternal: false, partitions: 2 });
    });

    it('adds partitions and deletes records', async () => {
      (await admin.topics.createPartitions([{ topic, total: 3 }])).check();
      expect((await admin.topics.deleteRecords([{ ...key, before: 'all' }])).value(key).logStartOffset).toBe(0);
    });

    it('reads and changes configs', async () => {
      const resource = { type: 'topic', name: topic } as const;
      (await admin.configs.alter([{ ...resource, set: { 'retention.ms': '70000' } }])).check();
      await until('it is changed', async () => {
        const configs = (await admin.configs.describe([resource])).value(resource);
        return configs.get('retention.ms')?.value === '70000';
      });
      (await admin.configs.replace([{ ...resource, configs: {} }])).check();
    });

    it('finds offsets', async () => {
      const found = await admin.offsets.list([{ ...key, at: 'latest' }]);
      expect(found.value(key)).toEqual({ offset: 0, timestampMs: undefined, leaderEpoch: undefined });
    });

    it('sets, lists and deletes offsets of groups one by one', async () => {
      const groups = [`${topic}-a`, `${topic}-b`];
      for (const group of groups) (await admin.groups.alterOffsets(group, [{ ...key, offset: 0 }])).check();
      const listed = await admin.groups.listOffsets(groups.map((groupId) => ({ groupId })));
      expect(listed.values().map((offsets) => offsets.value(key)?.offset)).toEqual([0, 0]);
      const some = await admin.groups.listOffsets([{ groupId: groups[0]!, partitions: [key] }]);
      expect(some.value(groups[0]!).value(key)?.offset).toBe(0);
      const described = await admin.groups.describeClassic([...groups, 'admin-no-such-group']);
      expect([...described].map(([, { ok }]) => ok)).toEqual([true, true, false]);
      expect((await admin.groups.list()).map(({ groupId }) => groupId)).toEqual(expect.arrayContaining(groups));
      (await admin.groups.delete(groups)).check();
    });

    it('describes the cluster and its directories', async () => {
      expect((await admin.cluster.describe()).brokers.length).toBe(1);
      const dirs = (await admin.cluster.describeLogDirs()).values().flat();
      expect(dirs[0]).toMatchObject({ error: undefined, totalBytes: undefined });
      expect(dirs.flatMap(({ replicas }) => replicas).some((replica) => replica.topic === topic)).toBe(true);
    });

    it('describes features, which no older version tells', async () => {
      expect((await admin.cluster.describeFeatures()).finalized.size).toBeGreaterThan(0);
    });

    if (tested.has.transactions) {
      it('describes the quorum, elects and reassigns', async () => {
        const { leaderId, nodes } = await admin.cluster.describeQuorum();
        expect([leaderId, nodes]).toEqual([expect.any(Number), []]);
        const elected = await admin.cluster.electLeaders('preferred', [key]);
        expect(elected.get(key)?.error?.code).toBe('ELECTION_NOT_NEEDED');
        (await admin.cluster.alterReassignments([{ ...key, replicas: [leaderId!] }])).check();
      });

      it('lists and fences transactions', async () => {
        const fenced = await admin.transactions.fenceProducers([topic]);
        expect(fenced.value(topic).producerEpoch).toBeGreaterThanOrEqual(0);
        expect((await admin.transactions.list()).some(({ transactionalId }) => transactionalId === topic)).toBe(true);
      });

      itSinceFour(tested, 'takes a newer version where only that can say it', async () => {
        expect(await admin.transactions.list({ idPattern: 'admin-no-such.*' })).toEqual([]);
        const { topicId } = (await client.admin().topics.describe([topic])).value(topic);
        expect((await admin.topics.describeById([topicId!])).value(topicId!).name).toBe(topic);
      });

      it('changes quotas and features', async () => {
        const entity = { user: topic };
        (await admin.clientQuotas.alter([{ entity, set: { consumer_byte_rate: 5 } }])).check();
        (await admin.clientQuotas.alter([{ entity, remove: ['consumer_byte_rate'] }])).check();
        const refused = await admin.cluster.updateFeatures([{ feature: 'no.such.version', level: 1 }]);
        expect(refused.get('no.such.version')?.ok).toBe(false);
      });
    }
  });
}

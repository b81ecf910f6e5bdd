import { expect, it } from '@jest/globals';
import { ZERO_UUID } from '@trunkline/kernel';
import { describeAdmin, eventually } from './admin-kit.js';
import { codeOf } from './client-kit.js';

describeAdmin('topics', (world) => {
  it('are made with partitions, replicas and configs', async () => {
    const { admin } = world();
    const name = world().name('made');
    const made = await admin.topics.create([
      { name, partitions: 3, replicationFactor: 1, configs: { 'retention.ms': '60000' } },
    ]);
    const { partitions, replicationFactor, configs, topicId } = made.value(name);
    expect([partitions, replicationFactor, configs?.get('retention.ms')]).toEqual([3, 1, '60000']);
    expect(topicId).toMatch(/^[\w-]{22}$/);
    (await admin.topics.delete([name])).check();
  });

  it("take the broker's defaults", async () => {
    const name = await world().topic();
    const { partitions } = (await world().admin.topics.describe([name])).value(name);
    expect(partitions.length).toBeGreaterThan(0);
  });

  it('are placed where they are told to be', async () => {
    const { admin } = world();
    const { nodeId } = (await admin.cluster.describe()).brokers[0]!;
    const name = await world().topic({ assignments: [[nodeId], [nodeId]] });
    const { partitions } = (await admin.topics.describe([name])).value(name);
    expect(partitions.map(({ replicas }) => replicas)).toEqual([[nodeId], [nodeId]]);
  });

  it('are only checked when that is wanted', async () => {
    const { admin } = world();
    const name = world().name('checked');
    const checked = await admin.topics.create([{ name, partitions: 2 }], { validateOnly: true });
    expect(checked.get(name)?.ok).toBe(true);
    expect((await admin.topics.list()).some((topic) => topic.name === name)).toBe(false);
  });

  it('are refused when they are there, and the others are made', async () => {
    const { admin } = world();
    const there = await world().topic();
    const other = world().name('other');
    const made = await admin.topics.create([{ name: there }, { name: other }]);
    expect(made.get(there)?.error?.code).toBe('TOPIC_ALREADY_EXISTS');
    expect(made.get(other)?.ok).toBe(true);
    (await admin.topics.delete([other])).check();
  });

  it('are refused with a name that is none', async () => {
    const made = await world().admin.topics.create([{ name: 'with blanks' }]);
    expect(made.get('with blanks')?.error?.code).toBe('INVALID_TOPIC_EXCEPTION');
  });

  it('are refused with more replicas than brokers', async () => {
    const name = world().name('replicas');
    const made = await world().admin.topics.create([{ name, partitions: 1, replicationFactor: 7 }]);
    expect(made.get(name)?.error?.code).toBe('INVALID_REPLICATION_FACTOR');
  });

  it('are refused with no partitions', async () => {
    const name = world().name('none');
    const made = await world().admin.topics.create([{ name, partitions: 0 }]);
    expect(made.get(name)?.error?.code).toBe('INVALID_PARTITIONS');
  });

  it('are refused with a config that there is not', async () => {
    const name = world().name('config');
    const made = await world().admin.topics.create([{ name, configs: { 'retention.years': '1' } }]);
    expect(made.get(name)?.error?.code).toBe('INVALID_CONFIG');
  });

  it('are not asked for with both partitions and places', async () => {
    const call = world().admin.topics.create([{ name: world().name('both'), partitions: 1, assignments: [[1]] }]);
    expect(await codeOf(call)).toBe('MISUSE');
  });

  it('are not asked for twice in one call', async () => {
    const name = world().name('twice');
    expect(
      await codeOf(
        world()
          .admin.topics.create([{ name }, { name }])
          .catch((e: unknown) => Promise.reject(e)),
      ),
    ).toBe('MISUSE');
  });

  it('are listed with their ids', async () => {
    const name = await world().topic({ partitions: 2 });
    const { topicId } = (await world().admin.topics.describe([name])).value(name);
    const listed = (await world().admin.topics.list()).find((topic) => topic.name === name);
    expect(topicId).toEqual(expect.any(String));
    expect(listed).toEqual({ name, topicId, isInternal: false, partitions: 2 });
  });

  it("are listed without the broker's own unless those are wanted", async () => {
    const { admin } = world();
    await admin.groups.describe([world().name('no-group')]); // Makes the topic of offsets.
    const own = async (includeInternal: boolean): Promise<boolean> =>
      (await admin.topics.list({ includeInternal })).some(({ name }) => name === '__consumer_offsets');
    expect(await own(false)).toBe(false);
    expect(await own(true)).toBe(true);
  });

  it('are described with leaders and replicas', async () => {
    const { admin } = world();
    const name = await world().topic({ partitions: 2 });
    const { partitions, isInternal } = (await admin.topics.describe([name])).value(name);
    expect(isInternal).toBe(false);
    expect(partitions.map(({ partition }) => partition)).toEqual([0, 1]);
    for (const { leader, leaderEpoch, replicas, isr, offlineReplicas } of partitions) {
      expect(replicas).toEqual([leader]);
      expect(isr).toEqual([leader]);
      expect(offlineReplicas).toEqual([]);
      expect(leaderEpoch).toBeGreaterThanOrEqual(0);
    }
  });

  it('are described over several pages', async () => {
    const { admin } = world();
    const [many, few] = [await world().topic({ partitions: 7 }), await world().topic({ partitions: 2 })];
    const described = await admin.topics.describe([few, many], { pagePartitionsMax: 3 });
    expect(described.values().map(({ name, partitions }) => [name, partitions.length])).toEqual([
      [few, 2],
      [many, 7],
    ]);
  });

  it('are described by id', async () => {
    const { admin } = world();
    const name = await world().topic();
    const { topicId } = (await admin.topics.describe([name])).value(name);
    expect((await admin.topics.describeById([topicId!])).value(topicId!).name).toBe(name);
  });

  it('are unknown by an id that is none', async () => {
    const { admin } = world();
    const id = (ZERO_UUID.slice(0, 20) + 'zQ') as typeof ZERO_UUID;
    expect((await admin.topics.describeById([id])).get(id)?.error?.code).toBe('UNKNOWN_TOPIC_ID');
  });

  it('are unknown by a name that is none, the others are described', async () => {
    const { admin } = world();
    const name = await world().topic();
    const described = await admin.topics.describe([name, 'admin-no-such-topic']);
    expect(described.get('admin-no-such-topic')?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(described.get(name)?.ok).toBe(true);
  });

  it('tell what one may do with them only when asked', async () => {
    const { admin } = world();
    const name = await world().topic();
    expect((await admin.topics.describe([name])).value(name).authorizedOperations).toBeUndefined();
    const asked = await admin.topics.describe([name], { includeAuthorizedOperations: true });
    expect(asked.value(name).authorizedOperations).toEqual(expect.arrayContaining(['read', 'write', 'alter_configs']));
  });

  it('are deleted by name', async () => {
    const { admin } = world();
    const name = world().name('gone');
    (await admin.topics.create([{ name }])).check();
    (await admin.topics.delete([name])).check();
    await eventually(
      async () => (await admin.topics.describe([name])).get(name)?.error?.code,
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
  });

  it('are deleted by id, and not another of the same name', async () => {
    const { admin } = world();
    const name = world().name('gone');
    const first = (await admin.topics.create([{ name }])).value(name).topicId!;
    (await admin.topics.deleteById([first])).check();
    (await admin.topics.create([{ name }])).check();
    expect((await admin.topics.deleteById([first])).get(first)?.error?.code).toBe('UNKNOWN_TOPIC_ID');
    (await admin.topics.delete([name])).check();
  });

  it('that are not there cannot be deleted', async () => {
    const deleted = await world().admin.topics.delete(['admin-no-such-topic']);
    expect(deleted.get('admin-no-such-topic')?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('get more partitions', async () => {
    const { admin } = world();
    const topic = await world().topic({ partitions: 1 });
    (await admin.topics.createPartitions([{ topic, total: 4 }])).check();
    await eventually(async () => (await admin.topics.describe([topic])).value(topic).partitions.length, 4);
  });

  it('do not get more partitions when that is only checked', async () => {
    const { admin } = world();
    const topic = await world().topic({ partitions: 1 });
    (await admin.topics.createPartitions([{ topic, total: 4 }], { validateOnly: true })).check();
    expect((await admin.topics.describe([topic])).value(topic).partitions.length).toBe(1);
  });

  it('do not get fewer partitions', async () => {
    const topic = await world().topic({ partitions: 3 });
    const refused = await world().admin.topics.createPartitions([{ topic, total: 2 }]);
    expect(refused.get(topic)?.error?.code).toBe('INVALID_PARTITIONS');
  });

  it('that are not there get no partitions', async () => {
    const refused = await world().admin.topics.createPartitions([{ topic: 'admin-no-such-topic', total: 2 }]);
    expect(refused.get('admin-no-such-topic')?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('many at once are made and deleted in requests of a few', async () => {
    const admin = world().another({ requestItemsMax: 4 });
    const names = Array.from({ length: 10 }, (_, index) => world().name(`many-${index}`));
    (await admin.topics.create(names.map((name) => ({ name, partitions: 1 })))).check();
    await eventually(async () => (await admin.topics.describe(names)).failures.length, 0);
    expect((await admin.topics.describe(names)).keys()).toEqual(names);
    (await admin.topics.delete(names)).check();
    await admin.close();
  });
});

describeAdmin('records', (world, tested) => {
  it('before an offset are deleted', async () => {
    const { admin } = world();
    const topic = await world().topic({ partitions: 1 });
    await world().send(topic, ['a', 'b', 'c']);
    const key = { topic, partition: 0 };
    expect((await admin.topics.deleteRecords([{ ...key, before: 2 }])).value(key)).toEqual({ logStartOffset: 2 });
    expect((await admin.offsets.list([{ ...key, at: 'earliest' }])).value(key).offset).toBe(2);
  });

  it('are all deleted', async () => {
    const { admin } = world();
    const topic = await world().topic({ partitions: 1 });
    await world().send(topic, ['a', 'b', 'c']);
    const key = { topic, partition: 0 };
    expect((await admin.topics.deleteRecords([{ ...key, before: 'all' }])).value(key)).toEqual({ logStartOffset: 3 });
  });

  it('beyond the end cannot be deleted, those of other partitions are', async () => {
    const topic = await world().topic({ partitions: 2 });
    const deleted = await world().admin.topics.deleteRecords([
      { topic, partition: 0, before: 99 },
      { topic, partition: 1, before: 0 },
    ]);
    expect(deleted.get({ topic, partition: 0 })?.error?.code).toBe('OFFSET_OUT_OF_RANGE');
    expect(deleted.value({ topic, partition: 1 })).toEqual({ logStartOffset: 0 });
  });

  it('are not deleted before an offset that is none', async () => {
    const call = world().admin.topics.deleteRecords([{ topic: 't', partition: 0, before: -1 }]);
    expect(await codeOf(call)).toBe('MISUSE');
  });

  it('of a partition that is none cannot be deleted', async () => {
    const topic = await world().topic({ partitions: 1 });
    const deleted = await world().admin.topics.deleteRecords([{ topic, partition: 5, before: 'all' }]);
    expect(deleted.get({ topic, partition: 5 })?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('have offsets at both ends', async () => {
    const topic = await world().topic({ partitions: 2 });
    await world().send(topic, ['a', 'b', 'c']);
    const key = { topic, partition: 0 };
    const { admin } = world();
    expect((await admin.offsets.list([{ ...key, at: 'earliest' }])).value(key).offset).toBe(0);
    expect((await admin.offsets.list([{ ...key, at: 'latest' }])).value(key)).toEqual({
      offset: 3,
      timestampMs: undefined,
      leaderEpoch: expect.any(Number),
    });
  });

  it('are found by their time', async () => {
    const topic = await world().topic({ partitions: 1 });
    const begin = Date.now() - 10_000;
    await world().send(topic, ['a', 'b', 'c'], [begin, begin + 2_000, begin + 1_000]);
    const key = { topic, partition: 0 };
    const at = { timestampMs: begin + 1 };
    expect((await world().admin.offsets.list([{ ...key, at }])).value(key)).toMatchObject({
      offset: 1,
      timestampMs: begin + 2_000,
    });
  });

  it('have none later than the last', async () => {
    const topic = await world().topic({ partitions: 1 });
    await world().send(topic, ['a']);
    const key = { topic, partition: 0 };
    const at = { timestampMs: Date.now() + 1_000_000 };
    expect((await world().admin.offsets.list([{ ...key, at }])).value(key).offset).toBeUndefined();
  });

  it('have one with the greatest time', async () => {
    const topic = await world().topic({ partitions: 1 });
    const begin = Date.now() - 10_000;
    await world().send(topic, ['a', 'b', 'c'], [begin, begin + 2_000, begin + 1_000]);
    const key = { topic, partition: 0 };
    expect((await world().admin.offsets.list([{ ...key, at: 'max_timestamp' }])).value(key)).toMatchObject({
      offset: 1,
      timestampMs: begin + 2_000,
    });
  });

  it('of a topic that is none have no offsets', async () => {
    const key = { topic: 'admin-no-such-topic', partition: 0 };
    const found = await world().admin.offsets.list([{ ...key, at: 'latest' }]);
    expect(found.get(key)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('are not asked for by a word that is none', async () => {
    const call = world().admin.offsets.list([{ topic: 't', partition: 0, at: 'newest' as 'latest' }]);
    await expect(call).rejects.toThrow('[MISUSE] the offset spec is newest');
  });

  if (tested.has.transactions) {
    it('of an open transaction are beyond the end that is committed', async () => {
      const { admin } = world();
      const topic = await world().topic({ partitions: 1 });
      await world().send(topic, ['a']);
      const producer = world().producer({ transactionalId: world().name('tx') });
      await producer.initTransactions();
      producer.beginTransaction();
      await producer.send({ topic, partition: 0, value: 'open' });
      const query = [{ topic, partition: 0, at: 'latest' as const }];
      const end = async (isolationLevel: 'read_committed' | 'read_uncommitted') =>
        (await admin.offsets.list(query, { isolationLevel })).values()[0]?.offset;
      expect([await end('read_uncommitted'), await end('read_committed')]).toEqual([2, 1]);
      await producer.abortTransaction();
    });
  }
});

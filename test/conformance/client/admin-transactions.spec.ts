import { expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { describeAdmin } from './admin-kit.js';
import { codeOf } from './client-kit.js';
import { itSinceFour, kafkaBrokersWith } from './brokers.js';

describeAdmin('producers', (world) => {
  it('are told with what they wrote last', async () => {
    const topic = await world().topic({ partitions: 1 });
    const key = { topic, partition: 0 };
    await world().send(topic, ['a', 'b']);
    const [producer] = (await world().admin.transactions.describeProducers([key])).value(key);
    expect(producer).toMatchObject({ producerEpoch: 0, lastSequence: 1, openSince: undefined });
    expect(typeof producer!.producerId).toBe('bigint');
    expect(producer!.lastTimestampMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it('are told by the broker that is named', async () => {
    const key = { topic: await world().topic({ partitions: 1 }), partition: 0 };
    const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
    const told = await world().admin.transactions.describeProducers([key], { nodeId });
    expect(told.value(key)).toEqual([]);
  });

  it('of a partition that is none are not told, those of others are', async () => {
    const key = { topic: await world().topic({ partitions: 1 }), partition: 0 };
    const none = { topic: 'admin-no-such-topic', partition: 0 };
    const told = await world().admin.transactions.describeProducers([key, none]);
    expect(told.get(key)?.ok).toBe(true);
    expect(told.get(none)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describeAdmin(
  'transactions',
  (world, tested) => {
    async function open(about: string) {
      const topic = await world().topic({ partitions: 1 });
      const transactionalId = world().name(about);
      const producer = world().producer({ transactionalId });
      await producer.initTransactions();
      producer.beginTransaction();
      await producer.send({ topic, partition: 0, value: 'open' });
      return { topic, transactionalId, producer, key: { topic, partition: 0 } };
    }

    it('that are open are listed', async () => {
      const { transactionalId, producer } = await open('listed');
      const { transactions } = world().admin;
      const listed = (await transactions.list()).find((one) => one.transactionalId === transactionalId)!;
      expect(listed.state).toBe('Ongoing');
      const ofProducer = await transactions.list({ producerIds: [listed.producerId] });
      expect(ofProducer.map((one) => one.transactionalId)).toEqual([transactionalId]);
      await producer.abortTransaction();
    });

    itSinceFour(tested, 'are listed by state, pattern and age', async () => {
      const { transactionalId, producer } = await open('filtered');
      const { transactions } = world().admin;
      const has = async (options: Parameters<typeof transactions.list>[0]): Promise<boolean> =>
        (await transactions.list(options)).some((one) => one.transactionalId === transactionalId);
      expect(await has({ states: ['Ongoing'] })).toBe(true);
      expect(await has({ states: ['CompleteCommit'] })).toBe(false);
      expect(await has({ idPattern: `${transactionalId.slice(0, -1)}.` })).toBe(true);
      expect(await has({ idPattern: 'admin-no-such.*' })).toBe(false);
      expect(await has({ openForMs: 3_600_000 })).toBe(false);
      await producer.abortTransaction();
    });

    itSinceFour(tested, 'are not listed by a pattern that is none', async () => {
      expect(await codeOf(world().admin.transactions.list({ idPattern: '(' }))).toBe('INVALID_REGULAR_EXPRESSION');
    });

    it('are described with their partitions', async () => {
      const { transactionalId, producer, key } = await open('described');
      const described = (await world().admin.transactions.describe([transactionalId])).value(transactionalId);
      expect(described).toMatchObject({ state: 'Ongoing', partitions: [key], timeoutMs: expect.any(Number) });
      expect(described.startedMs).toBeGreaterThan(Date.now() - 60_000);
      await producer.commitTransaction();
      await until('it is committed', async () => {
        const { state, startedMs } = (await world().admin.transactions.describe([transactionalId])).values()[0]!;
        return state === 'CompleteCommit' && startedMs !== undefined;
      });
    });

    it('that are none are said to be so, the others described', async () => {
      const { transactionalId, producer } = await open('among');
      const described = await world().admin.transactions.describe([transactionalId, 'admin-no-such-id']);
      expect(described.get('admin-no-such-id')?.error?.code).toBe('TRANSACTIONAL_ID_NOT_FOUND');
      expect(described.get(transactionalId)?.ok).toBe(true);
      await producer.abortTransaction();
    });

    it('show in the partition where they are open', async () => {
      const { key, producer } = await open('shown');
      const [told] = (await world().admin.transactions.describeProducers([key])).value(key);
      expect(told?.openSince).toBe(0);
      await producer.abortTransaction();
    });

    it('that hang are ended in their partition', async () => {
      const { transactions } = world().admin;
      const { key, transactionalId } = await open('hanging');
      const [hanging] = (await transactions.describeProducers([key])).value(key);
      await transactions.abort({ ...key, ...hanging! });
      const [ended] = (await transactions.describeProducers([key])).value(key);
      expect(ended?.openSince).toBeUndefined();
      (await transactions.fenceProducers([transactionalId])).check();
    });

    it('of a partition that is none cannot be ended', async () => {
      const hanging = { producerId: 1n, producerEpoch: 0, coordinatorEpoch: 0 };
      const call = world().admin.transactions.abort({ topic: 'admin-no-such-topic', partition: 0, ...hanging });
      expect(await codeOf(call)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('are fenced: their producer may not go on', async () => {
      const { transactions } = world().admin;
      const { transactionalId, producer, key } = await open('fenced');
      const before = (await transactions.describe([transactionalId])).value(transactionalId);
      const fenced = (await transactions.fenceProducers([transactionalId])).value(transactionalId);
      expect(fenced.producerId).toBe(before.producerId);
      expect(fenced.producerEpoch).toBeGreaterThan(before.producerEpoch);
      expect(await codeOf(producer.commitTransaction())).toMatch(/PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/);
      const [ended] = (await transactions.describeProducers([key])).value(key);
      expect(ended?.openSince).toBeUndefined();
    });

    it('that are none yet are fenced as well', async () => {
      const id = world().name('new');
      expect((await world().admin.transactions.fenceProducers([id])).value(id).producerEpoch).toBe(0);
    });

    it('hold back what a group has committed in them', async () => {
      const { groups } = world().admin;
      const { topic, producer, key } = await open('offsets');
      const groupId = world().name('group');
      await producer.sendOffsetsToTransaction([{ ...key, offset: 1 }], { groupId });
      const list = (timeoutMs: number) =>
        groups.listOffsets([{ groupId, partitions: [key] }], { requireStable: true, timeoutMs });
      expect((await list(600)).get(groupId)?.error?.code).toBe('UNSTABLE_OFFSET_COMMIT');
      const listed = list(10_000);
      await producer.commitTransaction();
      expect((await listed).value(groupId).value({ topic, partition: 0 })?.offset).toBe(1);
      await groups.delete([groupId]);
    });
  },
  kafkaBrokersWith('transactions'),
);

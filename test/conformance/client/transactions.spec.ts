import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Producer, ProducerOptions } from '@trunkline/client';
import { OffsetFetch } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { itSinceFour, kafkaBrokersWith } from './brokers.js';
import { codeOf } from './client-kit.js';
import { ProducerKit } from './producer-kit.js';

for (const tested of kafkaBrokersWith('transactions'))
  describe(`transactions with ${tested.name}`, () => {
    let kit: ProducerKit;
    beforeAll(async () => {
      kit = await ProducerKit.start(tested);
    });
    afterAll(() => kit?.close());

    async function transactional(options: ProducerOptions = {}): Promise<Producer> {
      const producer = kit.producer({ transactionalId: kit.name('txn'), ...options });
      await producer.initTransactions();
      return producer;
    }

    async function committedValues(topic: string, partition = 0): Promise<(string | null)[]> {
      return (await kit.records(topic, partition, 1)).map(({ value }) => value);
    }

    async function sees(topic: string, values: readonly string[], partition = 0): Promise<void> {
      await until('it shows', async () => (await committedValues(topic, partition)).length >= values.length);
      expect(await committedValues(topic, partition)).toEqual(values);
    }

    it('shows what was committed to readers of committed records', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'a' });
      await producer.send({ topic, value: 'b' });
      await producer.commitTransaction();
      await sees(topic, ['a', 'b']);
    });

    it('never shows what was aborted', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'gone' });
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.send({ topic, value: 'stays' });
      await producer.commitTransaction();
      await until('it shows', async () => (await kit.batches(topic, 0, 1)).length === 4);
      const batches = await kit.batches(topic, 0, 1);
      expect(batches.map(({ isControl }) => isControl)).toEqual([false, true, false, true]);
      expect(batches.every(({ isTransactional }) => isTransactional)).toBe(true);
    });

    it('commits many transactions in a row, each with many partitions', async () => {
      const topic = await kit.topic(3);
      const producer = await transactional();
      for (let round = 0; round < 5; round++) {
        producer.beginTransaction();
        const sent = [0, 1, 2].map((partition) => producer.send({ topic, partition, value: `${round}` }));
        await producer.commitTransaction();
        await Promise.all(sent);
      }
      for (const partition of [0, 1, 2]) await sees(topic, ['0', '1', '2', '3', '4'], partition);
    });

    it('commits what was sent and not awaited', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      const sent = Array.from({ length: 50 }, (_, n) => producer.send({ topic, value: `${n}` }));
      await producer.commitTransaction();
      expect(await Promise.all(sent)).toHaveLength(50);
      await sees(
        topic,
        Array.from({ length: 50 }, (_, n) => `${n}`),
      );
    });

    itSinceFour(tested, 'raises the epoch with each end where the cluster has transactions of version 2', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      for (let round = 0; round < 3; round++) {
        producer.beginTransaction();
        await producer.send({ topic, value: `${round}` });
        await producer.commitTransaction();
      }
      const batches = (await kit.batches(topic)).filter(({ isControl }) => !isControl);
      const [first] = batches;
      expect(batches.map(({ producerEpoch }) => producerEpoch - first!.producerEpoch)).toEqual([0, 1, 2]);
      expect(batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 0, 0]);
    });

    it('ends an empty transaction without a word to the broker', async () => {
      const producer = await transactional();
      producer.beginTransaction();
      await producer.commitTransaction();
      producer.beginTransaction();
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.commitTransaction();
    });

    it('commits offsets of a group with the records', async () => {
      const topic = await kit.topic();
      const groupId = kit.name('group');
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'a' });
      await producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: 42, metadata: 'm' }], groupId);
      await producer.commitTransaction();
      await until('it shows', async () => (await offsetOf(groupId, topic)) === 42);
    });

    it('takes offsets back with an abort', async () => {
      const topic = await kit.topic();
      const groupId = kit.name('group');
      const producer = await transactional();
      producer.beginTransaction();
      await producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: 7 }], groupId);
      await producer.commitTransaction();
      producer.beginTransaction();
      await producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: 99 }], groupId);
      await producer.abortTransaction();
      await until('it shows', async () => (await offsetOf(groupId, topic)) === 7);
    });

    it('fences offsets of one who is no member', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      const group = { groupId: kit.name('group'), memberId: 'nobody', generationId: 3 };
      const code = await codeOf(producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: 1 }], group));
      expect(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']).toContain(code);
      expect(await codeOf(producer.commitTransaction())).toBe(code);
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.send({ topic, value: 'works again' });
      await producer.commitTransaction();
    });

    it('fences the older producer of a transactional id', async () => {
      const topic = await kit.topic();
      const transactionalId = kit.name('txn');
      const older = await transactional({ transactionalId });
      older.beginTransaction();
      await older.send({ topic, value: 'older' });
      const newer = await transactional({ transactionalId });
      expect(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']).toContain(
        await codeOf(older.send({ topic, value: 'too late' })),
      );
      expect(await codeOf(older.abortTransaction())).toBe('PRODUCER_FENCED');
      expect(() => older.beginTransaction()).toThrow('no use any more');
      newer.beginTransaction();
      await newer.send({ topic, value: 'newer' });
      await newer.commitTransaction();
      await until('it shows', async () => (await kit.batches(topic, 0, 1)).length === 4);
    });

    it('tells a fenced producer at its commit', async () => {
      const topic = await kit.topic();
      const transactionalId = kit.name('txn');
      const older = await transactional({ transactionalId });
      older.beginTransaction();
      await older.send({ topic, value: 'older' });
      await transactional({ transactionalId });
      expect(await codeOf(older.commitTransaction())).toBe('PRODUCER_FENCED');
    });

    it('refuses a commit after a record failed, and goes on after an abort', async () => {
      const topic = await kit.topicWith({ 'max.message.bytes': '1000' });
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'fits' });
      expect(await codeOf(producer.send({ topic, value: 'x'.repeat(2_000) }))).toBe('MESSAGE_TOO_LARGE');
      await expect(producer.commitTransaction()).rejects.toThrow('call abortTransaction()');
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.send({ topic, value: 'again' });
      await producer.commitTransaction();
      await until('it shows', async () => (await kit.batches(topic, 0, 1)).length === 4);
    });

    it('takes back what was not awaited when a transaction is aborted', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      const sent = Array.from({ length: 10 }, () => codeOf(producer.send({ topic, value: 'x' })));
      await producer.abortTransaction();
      expect(new Set(await Promise.all(sent))).toEqual(new Set(['ABORTED']));
      producer.beginTransaction();
      await producer.send({ topic, value: 'y' });
      await producer.commitTransaction();
    });

    it('commits what a function did, and aborts what failed', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      const sent = await producer.transaction((open) => open.send({ topic, value: 'done' }));
      expect(sent.offset).toBe(0);
      const failed = producer.transaction(async (open) => {
        await open.send({ topic, value: 'undone' });
        throw new Error('changed my mind');
      });
      await expect(failed).rejects.toThrow('changed my mind');
      await expect(producer.transaction(async () => 3)).resolves.toBe(3);
    });

    it('says what is wrong when calls come in the wrong order', async () => {
      const topic = await kit.topic();
      const early = kit.producer({ transactionalId: kit.name('txn') });
      expect(() => early.beginTransaction()).toThrow('await initTransactions() first');
      await expect(early.send({ topic, value: 'x' })).rejects.toThrow('await initTransactions() first');
      await early.initTransactions();
      await expect(early.initTransactions()).rejects.toThrow('call beginTransaction() first');
      await expect(early.send({ topic, value: 'x' })).rejects.toThrow('call beginTransaction() first');
      await expect(early.commitTransaction()).rejects.toThrow('no transaction is open');
      await expect(early.abortTransaction()).rejects.toThrow('no transaction is open');
      early.beginTransaction();
      expect(() => early.beginTransaction()).toThrow('a transaction is open');
      await early.abortTransaction();
    });

    it('needs a transactional id', async () => {
      const plain = kit.producer();
      expect(() => plain.beginTransaction()).toThrow('give the producer a transactionalId');
      await expect(plain.initTransactions()).rejects.toThrow('[MISUSE]');
    });

    it('refuses a transaction timeout that the broker does not allow', async () => {
      const producer = kit.producer({ transactionalId: kit.name('txn'), transactionTimeoutMs: 2_000_000_000 });
      expect(await codeOf(producer.initTransactions())).toBe('INVALID_TRANSACTION_TIMEOUT');
    });

    it('takes an open transaction back when it is closed', async () => {
      const topic = await kit.topic();
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'open' });
      await producer.close();
      await until('it shows', async () => (await kit.batches(topic, 0, 1)).length === 2);
      expect((await kit.batches(topic, 0, 1)).map(({ isControl }) => isControl)).toEqual([false, true]);
    });

    it('keeps partitions that nothing was written to out of the transaction', async () => {
      const topic = await kit.topic(2);
      const producer = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, partition: 1, value: 'x' });
      await producer.commitTransaction();
      await until('it shows', async () => (await kit.batches(topic, 1, 1)).length === 2);
      expect(await kit.batches(topic, 0)).toEqual([]);
    });

    async function offsetOf(groupId: string, topic: string): Promise<number> {
      const { body } = await kit.client.cluster.ask(
        { kind: 'coordinator', type: 'group', key: groupId },
        OffsetFetch,
        {
          groups: [{ groupId, topics: [{ name: topic, topicId: undefined, partitionIndexes: [0] }] }],
          requireStable: true,
        },
        { versionMin: 8, versionMax: 8 },
      );
      return Number(body.groups[0]?.topics[0]?.partitions[0]?.committedOffset ?? -1);
    }
  });

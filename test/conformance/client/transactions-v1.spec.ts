import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AskOptions, type Cluster, KafkaError, Producer } from '@trunkline/client';
import { type AnyApi, AddPartitionsToTxn } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { kafkaBrokersWith } from './brokers.js';
import { ProducerKit } from './producer-kit.js';

/** What was asked of a cluster whose features say nothing of transactions: as before Kafka 4. */
interface Watched {
  readonly cluster: Cluster;
  readonly asked: { readonly api: string; readonly versionMax: number | undefined }[];
}

function ofVersion1(cluster: Cluster): Watched {
  const asked: { api: string; versionMax: number | undefined }[] = [];
  const note = (api: AnyApi, options: AskOptions | undefined): void =>
    void asked.push({ api: api.name, versionMax: options?.versionMax });
  const proxy = new Proxy(cluster, {
    get: (target, name) => {
      if (name === 'features') return async () => new Map<string, number>();
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (name === 'ask') note(given[1] as AnyApi, given[3] as AskOptions);
        if (name === 'send') note(given[1] as AnyApi, given[3] as AskOptions);
        return Reflect.apply(value, target, given);
      };
    },
  });
  return { cluster: proxy, asked };
}

for (const tested of kafkaBrokersWith('transactions'))
  describe(`transactions of version 1 with ${tested.name}`, () => {
    let kit: ProducerKit;
    const producers: Producer[] = [];
    beforeAll(async () => {
      kit = await ProducerKit.start(tested);
    });
    afterAll(async () => {
      for (const producer of producers) await producer.close({ timeoutMs: 2_000 });
      await kit?.close();
    });

    async function transactional(
      transactionalId = kit.name('txn1'),
    ): Promise<{ producer: Producer; asked: Watched['asked'] }> {
      const { cluster, asked } = ofVersion1(kit.client.cluster);
      const producer = new Producer(cluster, { transactionalId, deliveryTimeoutMs: 20_000 });
      producers.push(producer);
      await producer.initTransactions();
      return { producer, asked };
    }

    it('adds partitions before it writes to them, those of one turn together', async () => {
      const topic = await kit.topic(3);
      const { producer, asked } = await transactional();
      producer.beginTransaction();
      const sent = [0, 1, 2].map((partition) => producer.send({ topic, partition, value: 'x' }));
      await producer.commitTransaction();
      await Promise.all(sent);
      const names = asked.map(({ api }) => api).filter((api) => api !== 'FindCoordinator' && api !== 'Metadata');
      expect([...new Set(names)]).toEqual(['InitProducerId', 'AddPartitionsToTxn', 'Produce', 'EndTxn']);
      expect(asked.filter(({ api }) => api === 'Produce').every(({ versionMax }) => versionMax === 11)).toBe(true);
    });

    it('adds a partition once a transaction', async () => {
      const topic = await kit.topic();
      const { producer, asked } = await transactional();
      const additions = (): number => asked.filter(({ api }) => api === AddPartitionsToTxn.name).length;
      for (let round = 0; round < 2; round++) {
        const before = additions();
        producer.beginTransaction();
        await producer.send({ topic, value: 'first' });
        const added = additions(); // More than one where the transaction before was still being ended.
        expect(added).toBeGreaterThan(before);
        for (let n = 0; n < 3; n++) await producer.send({ topic, value: `${n}` });
        await producer.commitTransaction();
        expect(additions()).toBe(added);
      }
    });

    it('keeps epoch and sequences over transactions', async () => {
      const topic = await kit.topic();
      const { producer } = await transactional();
      for (let round = 0; round < 3; round++) {
        producer.beginTransaction();
        await producer.send({ topic, value: `${round}` });
        await producer.commitTransaction();
      }
      const batches = (await kit.batches(topic)).filter(({ isControl }) => !isControl);
      expect(
        batches.map(({ producerEpoch, baseSequence }) => [producerEpoch - batches[0]!.producerEpoch, baseSequence]),
      ).toEqual([
        [0, 0],
        [0, 1],
        [0, 2],
      ]);
    });

    it('aborts, and goes on', async () => {
      const topic = await kit.topic();
      const { producer } = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'gone' });
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.send({ topic, value: 'stays' });
      await producer.commitTransaction();
      await until('both ends show', async () => (await kit.batches(topic, 0, 1)).length === 4);
    });

    it('commits offsets after adding their group', async () => {
      const topic = await kit.topic();
      const { producer, asked } = await transactional();
      producer.beginTransaction();
      await producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: 3 }], kit.name('group'));
      await producer.commitTransaction();
      const said = asked.map(({ api }) => api).filter((api) => /Offset|EndTxn/.test(api));
      // Said again to a coordinator that is not ready yet, they are still said in this order.
      const names = said.filter((api, at) => api !== said[at - 1]);
      expect(names).toEqual(['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn']);
    });

    it('raises its epoch with an abort after a sequence was left open', async () => {
      const topic = await kit.topicWith({ 'max.message.bytes': '1000' });
      const { producer } = await transactional();
      producer.beginTransaction();
      await producer.send({ topic, value: 'a' });
      const sent = [producer.send({ topic, value: 'x'.repeat(3_000) }), producer.send({ topic, value: 'b' })];
      expect((await Promise.allSettled(sent)).map(({ status }) => status)).toContain('rejected');
      await producer.abortTransaction();
      producer.beginTransaction();
      await producer.send({ topic, value: 'c' });
      await producer.commitTransaction();
      await until('the last shows', async () => (await kit.records(topic, 0, 1)).at(-1)?.value === 'c');
    });

    it('is fenced when another takes over its transactional id', async () => {
      const topic = await kit.topic();
      const transactionalId = kit.name('txn1');
      const { producer: older } = await transactional(transactionalId);
      await transactional(transactionalId);
      older.beginTransaction();
      const reason = await older.send({ topic, value: 'x' }).catch((error: unknown) => error);
      expect(reason).toBeInstanceOf(KafkaError);
      expect((reason as KafkaError).code).toBe('PRODUCER_FENCED');
      await expect(older.abortTransaction()).rejects.toThrow('PRODUCER_FENCED');
    });

    it('takes back what was not added yet', async () => {
      const { producer } = await transactional();
      const topic = await kit.topic();
      producer.beginTransaction();
      const sent = producer.send({ topic, value: 'x' });
      await producer.abortTransaction();
      await expect(sent).rejects.toThrow('the transaction is aborted');
      producer.beginTransaction();
      await producer.send({ topic, value: 'y' });
      await producer.commitTransaction();
    });
  });

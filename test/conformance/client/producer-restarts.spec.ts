import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Producer } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type MortalBroker, kafkaBrokers } from './brokers.js';
import { ProducerKit } from './producer-kit.js';

for (const tested of kafkaBrokers())
  describe(`${tested.name} that restarts`, () => {
    let kit: ProducerKit;
    let broker: MortalBroker;
    const restart = async (): Promise<void> => {
      await broker.kill();
      await broker.start();
    };
    beforeAll(async () => {
      broker = await tested.startMortal();
      kit = new ProducerKit(broker);
      await kit.client.connect();
    }, 90_000);
    afterAll(() => kit?.close());

    it('gets what was sent while it was away, once and in order', async () => {
      const topic = await kit.topic(2);
      const producer = kit.producer({ deliveryTimeoutMs: 60_000 });
      const sent: Promise<unknown>[] = [];
      let isAway = true;
      let count = 0;
      const sending = (async () => {
        for (; isAway || count % 50 !== 0; count++) {
          for (const partition of [0, 1]) sent.push(producer.send({ topic, partition, value: `${count}` }));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      await sent[0];
      await restart();
      isAway = false;
      await sending;
      await Promise.all(sent);
      const expected = Array.from({ length: count }, (_, n) => `${n}`);
      for (const partition of [0, 1]) expect(await kit.values(topic, partition)).toEqual(expected);
    }, 90_000);

    it('times out what it does not take in time', async () => {
      const topic = await kit.topic();
      const producer = kit.producer({ deliveryTimeoutMs: 500 });
      await producer.send({ topic, value: 'there' });
      const restarted = restart();
      const results = await Promise.allSettled([producer.send({ topic, value: 'x' })]);
      await restarted;
      if (results[0].status === 'rejected') expect(results[0].reason).toMatchObject({ code: 'TIMED_OUT' });
      const patient = new Producer(kit.client.cluster, { deliveryTimeoutMs: 30_000 });
      await patient.send({ topic, value: 'back' });
      await patient.close();
      expect((await kit.values(topic)).at(-1)).toBe('back');
    }, 90_000);

    if (!tested.has.transactions) return;
    it('commits a transaction that was open meanwhile', async () => {
      const topic = await kit.topic();
      const producer = kit.producer({ transactionalId: kit.name('txn'), deliveryTimeoutMs: 60_000 });
      await producer.initTransactions();
      producer.beginTransaction();
      await producer.send({ topic, value: 'before' });
      await restart();
      await producer.send({ topic, value: 'after' });
      await producer.commitTransaction();
      await until('it shows', async () => (await kit.records(topic, 0, 1)).length === 2);
    }, 90_000);
  });

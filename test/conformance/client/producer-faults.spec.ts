import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaClient, Producer, type ProducerOptions } from '@trunkline/client';
import { NodeNetwork } from '@trunkline/platform';
import { SimRandom } from '@trunkline/testing';
import { kafkaBrokers, nodePorts } from './brokers.js';
import { FaultyNetwork } from './faulty-network.js';
import { ProducerKit } from './producer-kit.js';

const PARTITIONS = 3;
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000);

for (const tested of kafkaBrokers())
  describe(`cut connections to ${tested.name}`, () => {
    let kit: ProducerKit;
    beforeAll(async () => {
      kit = await ProducerKit.start(tested);
    });
    afterAll(() => kit?.close());

    /** Sends numbered records over a network that cuts; gives back what each partition should hold. */
    async function sendThrough(topic: string, options: ProducerOptions, cutPercent: number): Promise<string[][]> {
      const network = new FaultyNetwork(new NodeNetwork(), new SimRandom(SEED));
      const backoff = { reconnectBackoffMs: 1, reconnectBackoffMaxMs: 20, retryBackoffMs: 5, retryBackoffMaxMs: 50 };
      const client = new KafkaClient({ bootstrap: kit.bootstrap, ...backoff }, nodePorts({ network }));
      await client.connect();
      const producer = new Producer(client.cluster, { retryBackoffMs: 2, retryBackoffMaxMs: 50, ...options });
      network.cutPercent = cutPercent;
      const expected = Array.from({ length: PARTITIONS }, (): string[] => []);
      const sent: Promise<unknown>[] = [];
      for (let round = 0; round < 150; round++) {
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const value = `${round}`;
          expected[partition]!.push(value);
          sent.push(producer.send({ topic, partition, value }));
        }
        // A round each turn or two, so that requests are under way together.
        await new Promise((resolve) => setImmediate(resolve));
        if (round % 10 === 0) await sent.at(-1);
      }
      await Promise.all(sent);
      expect(network.cuts).toBeGreaterThan(0);
      network.cutPercent = 0;
      await producer.close();
      await client.close();
      return expected;
    }

    it(`lose and double nothing, and keep the order (SEED=${SEED})`, async () => {
      const topic = await kit.topic(PARTITIONS);
      const expected = await sendThrough(topic, {}, 15);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        expect(await kit.values(topic, partition)).toEqual(expected[partition]);
      }
    });

    it(`lose and double nothing of compressed batches (SEED=${SEED})`, async () => {
      const topic = await kit.topic(PARTITIONS);
      const expected = await sendThrough(topic, { compression: 'lz4' }, 15);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        expect(await kit.values(topic, partition)).toEqual(expected[partition]);
      }
    });

    it(`lose nothing without idempotence (SEED=${SEED})`, async () => {
      const topic = await kit.topic(PARTITIONS);
      const expected = await sendThrough(topic, { idempotent: false, acks: 1 }, 15);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        expect(new Set(await kit.values(topic, partition))).toEqual(new Set(expected[partition]));
      }
    });
  });

import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import {
  Admin,
  type AdminOptions,
  KafkaClient,
  type NewTopic,
  Producer,
  type ProducerOptions,
  type SaslOptions,
} from '@trunkline/client';
import { until } from '@trunkline/testing';
import { isDeepStrictEqual } from 'node:util';
import { type RunningBroker, type TestedBroker, kafkaBrokers, nodePorts } from './brokers.js';

/** An admin of a running broker, and what was made for its specs: topics, producers and clients that are gone when it closes. */
export class AdminWorld {
  readonly admin: Admin;
  readonly #topics: string[] = [];
  readonly #producers: Producer[] = [];
  readonly #clients: KafkaClient[] = [];
  #names = 0;

  constructor(
    readonly running: RunningBroker,
    readonly tested: TestedBroker,
    sasl?: SaslOptions,
  ) {
    this.admin = this.another({}, this.client(sasl));
  }

  /** A name that nobody else uses. */
  name(about: string): string {
    this.#names += 1;
    return `admin-${about}-${process.pid}-${Date.now()}-${this.#names}`;
  }

  client(sasl?: SaslOptions): KafkaClient {
    const options = { bootstrap: this.running.bootstrap, ...(sasl !== undefined && { sasl }) };
    const client = new KafkaClient(options, nodePorts());
    this.#clients.push(client);
    return client;
  }

  another(options: AdminOptions = {}, client = this.#clients[0]!): Admin {
    return new Admin(client.cluster, { timeoutMs: 15_000, unknownTopicWaitMs: 0, ...options });
  }

  async topic(topic: Partial<NewTopic> = {}): Promise<string> {
    const name = topic.name ?? this.name('topic');
    (await this.admin.topics.create([{ ...topic, name }])).check();
    this.#topics.push(name);
    // Apache Kafka answers when its controller knows the topic; its brokers know it a moment later.
    await until(`${name} is there`, async () => (await this.admin.topics.describe([name])).get(name)?.ok);
    return name;
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(this.#clients[0]!.cluster, options);
    this.#producers.push(producer);
    return producer;
  }

  /** Sends these values into partition 0, a batch each. */
  async send(topic: string, values: readonly string[], timestampsMs: readonly number[] = []): Promise<void> {
    const producer = this.producer();
    for (const [index, value] of values.entries()) {
      const timestampMs = timestampsMs[index];
      await producer.send({ topic, partition: 0, value, ...(timestampMs !== undefined && { timestampMs }) });
    }
    await producer.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#producers.map((producer) => producer.close({ timeoutMs: 1_000 }).catch(() => {})));
    await this.admin.topics.delete(this.#topics);
    await this.admin.close();
    for (const client of this.#clients) await client.close();
    await this.running.close();
  }
}

/** The same behaviours for each broker. */
export function describeAdmin(
  about: string,
  behaviours: (world: () => AdminWorld, tested: TestedBroker) => void,
  brokers: readonly TestedBroker[] = kafkaBrokers(),
): void {
  for (const tested of brokers) {
    describe(`${about} of ${tested.name}`, () => {
      let world: AdminWorld;
      beforeAll(async () => {
        world = new AdminWorld(await tested.start(), tested);
      });
      afterAll(() => world?.close());
      behaviours(() => world, tested);
    });
  }
}

/** Waits until what is read is so: brokers show a change a moment after they answered it. */
export async function eventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  let last: T | undefined;
  await until(
    `it is ${JSON.stringify(expected)}`,
    async () => isDeepStrictEqual((last = await read()), expected),
    10_000,
  ).catch(() => expect(last).toEqual(expected));
}

import { type ClientOptions, KafkaClient, KafkaError } from '@trunkline/client';
import { ZERO_UUID, utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { CreatePartitions, CreateTopics, DeleteTopics, Produce } from '@trunkline/protocol';
import { type NewRecord, buildBatch } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { type RunningBroker, type TestedBroker, nodePorts } from './brokers.js';

const ANSWER_MS = 10_000;
const CONTROLLER = { kind: 'controller' } as const;

/** A broker that runs; without `close` it is somebody else's, and stays. */
export type LentBroker = Pick<RunningBroker, 'bootstrap'> & Partial<Pick<RunningBroker, 'close'>>;

/** A client of a running broker, and what was made with it: topics that are gone when it closes. */
export class ClientWorld {
  readonly client: KafkaClient;
  readonly #running: LentBroker;
  readonly #about: string;
  readonly #topics = new Set<string>();
  #names = 0;

  /** `about`: what every name of this world begins with. */
  constructor(running: LentBroker, about: string, options: Partial<ClientOptions> = {}) {
    this.#running = running;
    this.#about = about;
    this.client = new KafkaClient({ bootstrap: running.bootstrap, ...options }, nodePorts());
  }

  /** Starts the broker; its end is the world's. */
  static async start<World extends ClientWorld>(
    this: new (running: LentBroker) => World,
    tested: Pick<TestedBroker, 'start'>,
    config?: Readonly<Record<string, string>>,
  ): Promise<World> {
    const running = await tested.start(config);
    const world = new this(running);
    try {
      await world.client.connect();
    } catch (reason) {
      await world.close();
      throw reason;
    }
    return world;
  }

  get bootstrap(): string {
    return this.#running.bootstrap;
  }

  /** A name that nobody else uses. */
  name(what = 'topic'): string {
    this.#names += 1;
    return `${this.#about}-${what}-${process.pid}-${Date.now()}-${this.#names}`;
  }

  /** Makes a topic, and waits until its partitions have leaders. */
  async topic(partitions = 1, name = this.name(), configs: Readonly<Record<string, string>> = {}): Promise<string> {
    await this.create(name, partitions, configs);
    await until(`${name} has leaders`, async () => {
      await this.client.cluster.refresh([name]);
      return this.client.cluster.image.topics.get(name)?.partitions.every(({ leader }) => leader >= 0);
    });
    return name;
  }

  /** A topic of one partition with these configs. */
  topicWith(configs: Readonly<Record<string, string>>): Promise<string> {
    return this.topic(1, this.name(), configs);
  }

  protected async create(
    name: string,
    numPartitions: number,
    configs: Readonly<Record<string, string>>,
  ): Promise<void> {
    const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: entries }];
    const { body } = await this.client.cluster.ask(CONTROLLER, CreateTopics, { topics, timeoutMs: ANSWER_MS });
    const { errorCode, errorMessage } = body.topics[0]!;
    if (errorCode !== 0) throw new Error(`no topic ${name}: error ${errorCode} ${errorMessage ?? ''}`);
    this.#topics.add(name);
  }

  /** Gives a topic more partitions: `count` in all. */
  async grow(name: string, count: number): Promise<void> {
    const ask = { topics: [{ name, count, assignments: null }], timeoutMs: ANSWER_MS, validateOnly: false };
    const { body } = await this.client.cluster.ask(CONTROLLER, CreatePartitions, ask);
    const { errorCode, errorMessage } = body.results[0]!;
    if (errorCode !== 0) throw new Error(`${name} is not grown: error ${errorCode} ${errorMessage ?? ''}`);
  }

  async deleteTopic(name: string): Promise<void> {
    this.#topics.delete(name);
    await this.#delete([name]);
  }

  async #delete(topicNames: readonly string[]): Promise<void> {
    const topics = topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    await this.client.cluster.ask(CONTROLLER, DeleteTopics, (version) =>
      version >= 6 ? { topics, timeoutMs: ANSWER_MS } : { topicNames, timeoutMs: ANSWER_MS },
    );
  }

  /** The node that leads a partition; of one that is too new to be known, the first one's. */
  async leaderOf(topic: string, partition: number): Promise<{ readonly kind: 'node'; readonly nodeId: number }> {
    const { partitions } = (await this.client.cluster.topic(topic))!;
    return { kind: 'node', nodeId: (partitions[partition] ?? partitions[0]!).leader };
  }

  /** Writes one batch with a raw Produce; resolves with its base offset. A leader that is just made is asked again. */
  async write(topic: string, partition: number, batch: Uint8Array): Promise<number> {
    const target = await this.leaderOf(topic, partition);
    const { topicId } = (await this.client.cluster.topic(topic))!;
    return await until(`${topic}/${partition} is written`, async () => {
      const { body } = await this.client.cluster.ask(target, Produce, {
        transactionalId: null,
        acks: -1,
        timeoutMs: ANSWER_MS,
        topicData: [{ name: topic, topicId, partitionData: [{ index: partition, records: batch }] }],
      });
      const { errorCode, errorMessage, baseOffset } = body.responses[0]!.partitionResponses[0]!;
      if (errorCode !== 0) throw new Error(`error ${errorCode} ${errorMessage ?? ''}`);
      return Number(baseOffset);
    });
  }

  /** Writes texts as values, in one batch; resolves with its base offset. */
  async say(topic: string, partition: number, values: readonly string[], timestampMs = Date.now()): Promise<number> {
    const records: NewRecord[] = values.map((value) => ({ value: utf8(value), timestampMs }));
    return await this.write(topic, partition, buildBatch(records, { crc32c }));
  }

  async close(): Promise<void> {
    // What a broker that ends does not delete goes with it.
    if (this.#topics.size > 0) await this.#delete([...this.#topics]).catch(() => {});
    await this.client.close();
    await this.#running.close?.();
  }
}

/** How a call failed: the code of its error. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'no error',
    (reason: unknown) => (reason instanceof KafkaError ? reason.code : String(reason)),
  );
}

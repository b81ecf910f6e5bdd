import { type ClientOptions, Consumer, KafkaClient, type Producer } from '@trunkline/client';
import { asError, fromUtf8 } from '@trunkline/kernel';
import { type ApacheKafkaCluster, startApacheKafkaCluster, until } from '@trunkline/testing';
import { nodePorts } from './brokers.js';

/** Three partitions on all nodes, of which each leads one. */
export const THREE = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
];
/** What is acknowledged outlives a node. */
export const SAFE = { 'min.insync.replicas': '2' };

const WHOLE_MS = 60_000;
/** How much of a stream may be under way. */
const UNSETTLED_MAX = 200;

/** Three nodes that run, with topics and clients of this spec's own. */
export class ThreeNodes {
  readonly #clients: KafkaClient[] = [];
  readonly #topics: string[] = [];
  #names = 0;

  private constructor(
    readonly cluster: ApacheKafkaCluster,
    readonly client: KafkaClient,
  ) {}

  static async start(port: number): Promise<ThreeNodes> {
    const cluster = await startApacheKafkaCluster({ port });
    const client = new KafkaClient({ bootstrap: cluster.bootstrap }, nodePorts());
    const nodes = new ThreeNodes(cluster, client);
    try {
      await nodes.whole();
    } catch (reason) {
      await nodes.close();
      throw reason;
    }
    return nodes;
  }

  name(about: string): string {
    this.#names += 1;
    return `three-${about}-${this.#names}`;
  }

  /** A client of its own, which ends with the spec. */
  newClient(options: Partial<ClientOptions> = {}): KafkaClient {
    const client = new KafkaClient({ bootstrap: this.cluster.bootstrap, ...options }, nodePorts());
    this.#clients.push(client);
    return client;
  }

  /** For each partition its nodes, the preferred leader first. Resolves when they lead. */
  async topic(
    assignments: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
    name = this.name('topic'),
  ): Promise<string> {
    (await this.client.admin().topics.create([{ name, assignments, configs }])).check();
    if (!this.#topics.includes(name)) this.#topics.push(name);
    await until(`${name} is there`, async () => {
      const partitions = await this.#partitions(name);
      return partitions.length === assignments.length && partitions.every(({ leader }) => leader >= 0);
    });
    return name;
  }

  /** Starts what does not run and waits until all are brokers again, with every replica in sync. */
  async whole(): Promise<void> {
    await this.cluster.startAll();
    const topics = [...this.#topics, '__consumer_offsets', '__transaction_state', '__share_group_state'];
    await until(
      'three brokers, all in sync',
      async () => {
        await this.client.cluster.refresh(topics);
        const { brokers, topics: known } = this.client.cluster.image;
        const ours = topics.flatMap((topic) => known.get(topic)?.partitions ?? []);
        return brokers.size === 3 && ours.every(({ isr, replicas }) => isr.length === replicas.length);
      },
      WHOLE_MS,
    );
  }

  async leader(topic: string, partition = 0): Promise<number> {
    return (await this.#partitions(topic))[partition]!.leader;
  }

  async isr(topic: string, partition = 0): Promise<readonly number[]> {
    return (await this.#partitions(topic))[partition]!.isr;
  }

  async #partitions(topic: string) {
    await this.client.cluster.refresh([topic]);
    return this.client.cluster.image.topics.get(topic)?.partitions ?? [];
  }

  /** The values of a partition, by a consumer of its own. */
  async values(topic: string, partition = 0): Promise<string[]> {
    const options = { reset: 'earliest', isolationLevel: 'read_committed' } as const;
    const consumer = new Consumer(this.client.cluster, options);
    const found: string[] = [];
    try {
      const end = new Consumer(this.client.cluster, { ...options, reset: 'latest' });
      await end.assign([{ topic, partition }]);
      const endOffset = end.position(topic, partition);
      await end.close();
      await consumer.assign([{ topic, partition, offset: 0 }]);
      await until('the end', async () => {
        for (const { value } of await consumer.poll(200)) found.push(fromUtf8(value!));
        return consumer.position(topic, partition) >= endOffset;
      });
    } finally {
      await consumer.close();
    }
    return found;
  }

  async deleteTopic(name: string): Promise<void> {
    (await this.client.admin().topics.delete([name])).check();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients, this.client].map((client) => client.close({ timeoutMs: 3_000 })));
    await this.cluster.close();
  }
}

/** Texts `0`, `1`, … to every partition of a topic, until it is told to stop. */
export class Writing {
  /** How many were acknowledged, of all partitions. */
  acknowledged = 0;
  readonly failures: Error[] = [];
  readonly #ended: Promise<void>;
  #count = 0;
  #unsettled = 0;
  #isOver = false;

  constructor(
    readonly producer: Producer,
    readonly topic: string,
    readonly partitions: number,
  ) {
    this.#ended = this.#write();
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      if (this.#unsettled < UNSETTLED_MAX) {
        for (let partition = 0; partition < this.partitions; partition++) this.#send(partition);
        this.#count += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await this.producer.flush();
    await until('all are settled', () => this.#unsettled === 0, 60_000);
  }

  #send(partition: number): void {
    this.#unsettled += 1;
    this.producer.enqueue({ topic: this.topic, partition, value: `${this.#count}` }, (error) => {
      this.#unsettled -= 1;
      if (error === undefined) this.acknowledged += 1;
      else this.failures.push(error);
    });
  }

  /** Waits until so many more are acknowledged: the cluster takes records again. */
  async goesOn(more = 300): Promise<void> {
    const aim = this.acknowledged + more;
    await until(`${more} more are acknowledged`, () => this.acknowledged >= aim, 60_000);
  }

  /** Resolves with the values that every partition must hold once all are acknowledged. */
  async stop(): Promise<string[]> {
    this.#isOver = true;
    await this.#ended;
    return Array.from({ length: this.#count }, (_, n) => `${n}`);
  }
}

/** What consumers get, by partition, until it is told to stop. */
export class Reading {
  readonly values: string[][] = [];
  failure: Error | undefined;
  readonly #ended: Promise<unknown>;
  #isOver = false;

  constructor(readonly consumers: readonly Consumer[]) {
    this.#ended = Promise.all(consumers.map((consumer) => this.#read(consumer)));
  }

  async #read(consumer: Consumer): Promise<void> {
    try {
      while (!this.#isOver) {
        for (const { partition, value } of await consumer.poll(200))
          (this.values[partition] ??= []).push(fromUtf8(value!));
      }
    } catch (reason) {
      this.failure = asError(reason);
    }
  }

  /** Waits until the last of each partition is `value`. */
  async reaches(value: string, partitions: number): Promise<void> {
    await until(
      `${value} is read`,
      () => {
        if (this.failure !== undefined) return true;
        const lasts = Array.from({ length: partitions }, (_, partition) => this.values[partition]?.at(-1));
        if (lasts.every((last) => last === value)) return true;
        throw new Error(`there are ${lasts.join(', ')}`);
      },
      60_000,
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    if (this.failure !== undefined) throw this.failure;
  }
}

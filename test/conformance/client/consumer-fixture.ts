import {
  type Cluster,
  type FetchSink,
  type FetchedPartition,
  Fetcher,
  type FetcherOptions,
  KafkaClient,
  type KafkaError,
} from '@trunkline/client';
import { ZERO_UUID, utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { CreateTopics, DeleteRecords, DeleteTopics, Produce } from '@trunkline/protocol';
import { type NewRecord, buildBatch } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { type RunningBroker, type TestedBroker, nodePorts } from './brokers.js';

/** A client of a running broker, with topics of its own, for the specs of fetcher and consumer. */
export class ConsumerBench {
  readonly #topics: string[] = [];
  #count = 0;

  private constructor(
    readonly client: KafkaClient,
    private readonly running: RunningBroker,
  ) {}

  static async start(tested: TestedBroker, config?: Readonly<Record<string, string>>): Promise<ConsumerBench> {
    const running = await tested.start(config);
    const client = new KafkaClient({ bootstrap: running.bootstrap }, nodePorts());
    await client.connect();
    return new ConsumerBench(client, running);
  }

  get bootstrap(): string {
    return this.running.bootstrap;
  }

  async topic(partitions = 1, configs: Readonly<Record<string, string>> = {}, name?: string): Promise<string> {
    this.#count += 1;
    const topic = name ?? `consumer-${Date.now()}-${this.#count}`;
    const topics = [
      {
        name: topic,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ];
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreateTopics, { topics, timeoutMs: 10_000 });
    if (body.topics[0]?.errorCode !== 0) throw new Error(`no topic ${topic}: ${body.topics[0]?.errorMessage}`);
    this.#topics.push(topic);
    await until(`topic ${topic} has leaders`, async () => {
      await this.client.cluster.refresh([topic]);
      const partition = this.client.cluster.image.topics.get(topic)?.partitions.at(-1);
      return partition !== undefined && partition.leader >= 0;
    });
    return topic;
  }

  async deleteTopic(name: string): Promise<void> {
    await this.client.cluster.ask({ kind: 'controller' }, DeleteTopics, (version) =>
      version >= 6
        ? { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: 10_000 }
        : { topicNames: [name], timeoutMs: 10_000 },
    );
  }

  /** Writes one batch with a raw Produce; resolves with its base offset. A leader that is just made is asked again. */
  async write(topic: string, partition: number, batch: Uint8Array): Promise<number> {
    const image = await this.client.cluster.topic(topic);
    const target = { kind: 'node', nodeId: image!.partitions[partition]!.leader } as const;
    return await until(`${topic}/${partition} is written`, async () => {
      const { body } = await this.client.cluster.ask(target, Produce, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: topic, topicId: image!.topicId, partitionData: [{ index: partition, records: batch }] }],
      });
      const answer = body.responses[0]!.partitionResponses[0]!;
      if (answer.errorCode !== 0) throw new Error(`error ${answer.errorCode} ${answer.errorMessage ?? ''}`);
      return Number(answer.baseOffset);
    });
  }

  /** Texts as values, in one batch. */
  async say(topic: string, partition: number, values: readonly string[], timestampMs = Date.now()): Promise<number> {
    const records: NewRecord[] = values.map((value) => ({ value: utf8(value), timestampMs }));
    return await this.write(topic, partition, buildBatch(records, { crc32c }));
  }

  /** Moves the log's start, as retention would. */
  async deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
    const image = await this.client.cluster.topic(topic);
    const target = { kind: 'node', nodeId: image!.partitions[partition]!.leader } as const;
    await this.client.cluster.ask(target, DeleteRecords, {
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
      timeoutMs: 10_000,
    });
  }

  async stop(): Promise<void> {
    for (const topic of this.#topics) await this.deleteTopic(topic).catch(() => {});
    await this.client.close();
    await this.running.close();
  }
}

/** A sink that keeps all that a fetcher tells. */
export class Heard implements FetchSink {
  readonly values: string[] = [];
  readonly offsets: number[] = [];
  readonly fetched: FetchedPartition[] = [];
  readonly failures: KafkaError[] = [];
  readonly moves: string[] = [];
  readonly fetcher: Fetcher;
  /** Whether what came is drained at once. */
  drains = true;

  constructor(bench: ConsumerBench, options: FetcherOptions = {}, cluster: Cluster = bench.client.cluster) {
    this.fetcher = new Fetcher(cluster, options, this);
  }

  records(fetched: FetchedPartition): void {
    this.fetched.push(fetched);
    for (const batch of fetched.batches) {
      for (const { offset, value } of batch.records()) {
        this.offsets.push(offset);
        this.values.push(new TextDecoder().decode(value ?? new Uint8Array(0)));
      }
    }
    if (this.drains) this.fetcher.drained(fetched.topic, fetched.partition, fetched.sizeBytes);
  }

  failed(_topic: string, _partition: number, error: KafkaError): void {
    this.failures.push(error);
  }

  moved(topic: string, partition: number, from: number, to: number, reason: string): void {
    this.moves.push(`${topic}/${partition} from ${from} to ${to}: ${reason}`);
  }

  async has(count: number): Promise<void> {
    await until(`${count} values, there are ${this.values.length}`, () => this.values.length >= count);
  }
}

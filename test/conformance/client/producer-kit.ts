import { KafkaClient, Producer, type ProducerOptions } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import { compression } from '@trunkline/platform';
import { CreatePartitions, CreateTopics, DeleteTopics, Fetch, ListOffsets } from '@trunkline/protocol';
import { RecordBatch, batchesIn } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { type RunningBroker, type TestedBroker, nodePorts } from './brokers.js';

/** A record as it stands in a partition. */
export interface StoredRecord {
  readonly offset: number;
  readonly partition: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

const NAME = 'producer';

/** A client of a running broker, with topics and producers of its own, for the specs of producer and transactions. */
export class ProducerKit {
  readonly #topics: string[] = [];
  readonly #producers: Producer[] = [];
  #count = 0;

  private constructor(
    readonly client: KafkaClient,
    readonly running: RunningBroker,
  ) {}

  static async start(tested: TestedBroker, config?: Readonly<Record<string, string>>): Promise<ProducerKit> {
    const running = await tested.start(config);
    const client = new KafkaClient({ bootstrap: running.bootstrap }, nodePorts());
    await client.connect();
    return new ProducerKit(client, running);
  }

  name(what = 'topic'): string {
    this.#count += 1;
    return `${NAME}-${what}-${process.pid}-${Date.now()}-${this.#count}`;
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(this.client.cluster, { deliveryTimeoutMs: 20_000, ...options });
    this.#producers.push(producer);
    return producer;
  }

  async topic(partitions = 1, configs: Readonly<Record<string, string>> = {}, name = this.name()): Promise<string> {
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreateTopics, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 10_000,
    });
    if (body.topics[0]?.errorCode !== 0) throw new Error(`no topic ${name}: ${body.topics[0]?.errorMessage}`);
    if (!this.#topics.includes(name)) this.#topics.push(name);
    return name;
  }

  async deleteTopic(name: string): Promise<void> {
    await this.client.cluster.ask({ kind: 'controller' }, DeleteTopics, {
      topics: [{ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' as never }],
      topicNames: [name],
      timeoutMs: 10_000,
    });
  }

  async grow(name: string, count: number): Promise<void> {
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreatePartitions, {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    if (body.results[0]?.errorCode !== 0) throw new Error(`not grown: ${body.results[0]?.errorMessage}`);
  }

  /** Whole batches of a partition, control batches too. */
  async batches(topic: string, partition = 0, isolationLevel = 0): Promise<RecordBatch[]> {
    const { cluster } = this.client;
    const image = (await cluster.topic(topic))!;
    const nodeId = image.partitions[partition]!.leader;
    const found: RecordBatch[] = [];
    const endOffset = await this.endOffset(topic, partition, isolationLevel);
    for (let fetchOffset = 0; fetchOffset < endOffset;) {
      const { body } = await cluster.ask({ kind: 'node', nodeId }, Fetch, {
        maxWaitMs: 50,
        minBytes: 1,
        maxBytes: 50_000_000,
        isolationLevel,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [
          {
            topic,
            topicId: image.topicId,
            partitions: [{ partition, fetchOffset, partitionMaxBytes: 50_000_000, logStartOffset: -1 }],
          },
        ],
        forgottenTopicsData: [],
      });
      const answer = body.responses[0]?.partitions[0];
      if (answer === undefined || answer.errorCode !== 0) throw new Error(`fetch: error ${answer?.errorCode}`);
      const batches = [...batchesIn(answer.records ?? new Uint8Array(0))];
      if (batches.length === 0) break;
      for (const batch of batches) if (batch.baseOffset >= fetchOffset) found.push(batch);
      fetchOffset = batches.at(-1)!.nextOffset;
    }
    return found;
  }

  async endOffset(topic: string, partition = 0, isolationLevel = 0): Promise<number> {
    const { cluster } = this.client;
    const nodeId = cluster.image.topics.get(topic)!.partitions[partition]!.leader;
    const { body } = await cluster.ask({ kind: 'node', nodeId }, ListOffsets, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: -1n }] }],
    });
    return Number(body.topics[0]!.partitions[0]!.offset);
  }

  /** What a partition holds, without control batches. */
  async records(topic: string, partition = 0, isolationLevel = 0): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    for (const batch of await this.batches(topic, partition, isolationLevel)) {
      if (batch.isControl) continue;
      for (const { offset, timestampMs, key, value, headers } of batch.records(compression)) {
        found.push({
          offset,
          partition,
          timestampMs,
          key: text(key),
          value: text(value),
          headers: headers.map((header) => [header.key, text(header.value)] as const),
        });
      }
    }
    return found;
  }

  async values(topic: string, partition = 0): Promise<(string | null)[]> {
    return (await this.records(topic, partition)).map(({ value }) => value);
  }

  async known(topic: string, partitions: number): Promise<void> {
    await until('it shows', async () => {
      await this.client.cluster.refresh([topic]);
      return this.client.cluster.image.topics.get(topic)?.partitions.length === partitions;
    });
  }

  async close(): Promise<void> {
    for (const producer of this.#producers) await producer.close({ timeoutMs: 2_000 });
    for (const topic of this.#topics) await this.deleteTopic(topic);
    await this.client.close();
    await this.running.close();
  }
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : fromUtf8(bytes);
}

import { Producer, type ProducerOptions } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import { compression } from '@trunkline/platform';
import { Fetch, ListOffsets } from '@trunkline/protocol';
import { RecordBatch, batchesIn } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { ClientWorld, type LentBroker } from './client-kit.js';

/** A record as it stands in a partition. */
export interface StoredRecord {
  readonly offset: number;
  readonly partition: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

/** A client of a running broker, with topics and producers of its own, for the specs of producer and transactions. */
export class ProducerKit extends ClientWorld {
  readonly #producers: Producer[] = [];

  constructor(running: LentBroker) {
    super(running, 'producer');
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(this.client.cluster, { deliveryTimeoutMs: 20_000, ...options });
    this.#producers.push(producer);
    return producer;
  }

  /** Makes a topic and does not wait: a producer has to find out by itself where it is. */
  override async topic(
    partitions = 1,
    name = this.name(),
    configs: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    await this.create(name, partitions, configs);
    return name;
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

  override async close(): Promise<void> {
    for (const producer of this.#producers) await producer.close({ timeoutMs: 2_000 });
    await super.close();
  }
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : fromUtf8(bytes);
}

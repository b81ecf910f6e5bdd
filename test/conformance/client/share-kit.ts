import {
  type AcknowledgeResult,
  KafkaClient,
  ShareConsumer,
  type ShareConsumerOptions,
  type ShareRecord,
} from '@trunkline/client';
import { ZERO_UUID } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { CreatePartitions, CreateTopics, DeleteTopics, IncrementalAlterConfigs, Produce } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { nodePorts } from './brokers.js';

const GROUP_RESOURCE = 32;
const SET = 0;

/** One client, and what was made with it: topics and share consumers that are gone when it closes. */
export class ShareWorld {
  readonly client: KafkaClient;
  readonly #topics: string[] = [];
  readonly #consumers: { readonly consumer: ShareConsumer; readonly client: KafkaClient | undefined }[] = [];
  #names = 0;

  constructor(readonly bootstrap: string) {
    this.client = new KafkaClient({ bootstrap }, nodePorts());
  }

  /** A name that nobody else uses. */
  name(about: string): string {
    this.#names += 1;
    return `share-${about}-${Date.now()}-${this.#names}`;
  }

  async topic(partitions = 1, name = this.name('topic')): Promise<string> {
    const topics = [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }];
    const ask = { topics, timeoutMs: 10_000 };
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreateTopics, ask);
    if (body.topics[0]!.errorCode !== 0) throw new Error(`topic ${name}: ${body.topics[0]!.errorCode}`);
    this.#topics.push(name);
    await until(`${name} is there`, async () => {
      await this.client.cluster.refresh([name]);
      return this.client.cluster.image.topics.get(name)?.partitions.every(({ leader }) => leader >= 0);
    });
    return name;
  }

  async grow(name: string, count: number): Promise<void> {
    const topics = [{ name, count, assignments: null }];
    const ask = { topics, timeoutMs: 10_000, validateOnly: false };
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreatePartitions, ask);
    if (body.results[0]!.errorCode !== 0) throw new Error(`growth of ${name}: ${body.results[0]!.errorCode}`);
  }

  async deleteTopic(name: string): Promise<void> {
    this.#topics.splice(this.#topics.indexOf(name), 1);
    const topics = [{ name, topicId: ZERO_UUID }];
    await this.client.cluster.ask({ kind: 'controller' }, DeleteTopics, { topics, timeoutMs: 10_000 });
  }

  /** A group that reads from the beginning, with other configurations if there are any. */
  async group(configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const resourceName = this.name('group');
    const all = { 'share.auto.offset.reset': 'earliest', ...configs };
    const entries = Object.entries(all).map(([name, value]) => ({ name, configOperation: SET, value }));
    const resources = [{ resourceType: GROUP_RESOURCE, resourceName, configs: entries }];
    const ask = { resources, validateOnly: false };
    const { body } = await this.client.cluster.ask({ kind: 'anyone' }, IncrementalAlterConfigs, ask);
    const { errorCode, errorMessage } = body.responses[0]!;
    if (errorCode !== 0) throw new Error(`group ${resourceName}: ${errorMessage}`);
    return resourceName;
  }

  /** One batch with these values. */
  async produce(topic: string, values: readonly string[], partition = 0): Promise<void> {
    const records = buildBatch(
      values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestampMs: Date.now() })),
      { crc32c },
    );
    const image = (await this.client.cluster.topic(topic))!;
    const { leader } = image.partitions[partition] ?? image.partitions[0]!;
    const { body } = await this.client.cluster.ask({ kind: 'node', nodeId: leader }, Produce, (version) => ({
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          ...(version >= 13 ? { topicId: image.topicId } : { name: topic }),
          partitionData: [{ index: partition, records }],
        },
      ],
    }));
    const { errorCode } = body.responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) throw new Error(`produce to ${topic}/${partition}: ${errorCode}`);
  }

  consumer(topics: readonly string[], options: ShareConsumerOptions, client?: KafkaClient): ShareConsumer {
    const consumer = new ShareConsumer((client ?? this.client).cluster, options);
    this.#consumers.push({ consumer, client });
    consumer.subscribe(topics);
    return consumer;
  }

  /** A consumer with connections of its own, so that it can vanish. */
  async apart(topics: readonly string[], options: ShareConsumerOptions) {
    const client = new KafkaClient({ bootstrap: this.bootstrap }, nodePorts());
    await client.connect();
    return { client, consumer: this.consumer(topics, options, client) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map(({ consumer }) => consumer.close()));
    for (const { client } of this.#consumers) await client?.close();
    const topics = this.#topics.map((name) => ({ name, topicId: ZERO_UUID }));
    await this.client.cluster.ask({ kind: 'controller' }, DeleteTopics, { topics, timeoutMs: 10_000 });
    await this.client.close();
  }
}

/** The first `count` records that the consumer gets. */
export async function take(consumer: ShareConsumer, count: number, timeoutMs = 20_000): Promise<ShareRecord[]> {
  const taken: ShareRecord[] = [];
  const untilMs = Date.now() + timeoutMs;
  while (taken.length < count && Date.now() < untilMs) taken.push(...(await consumer.poll(500)));
  return taken;
}

export function valuesOf(records: readonly ShareRecord[]): string[] {
  return records.map(({ value }) => new TextDecoder().decode(value!));
}

/** Results in short: `topic/partition accept 0-2`, with the code of the error. */
export function told(results: readonly AcknowledgeResult[]): string[] {
  return results.flatMap(({ ranges, error }) =>
    ranges.map(({ type, firstOffset, lastOffset }) => `${type} ${firstOffset}-${lastOffset} ${error?.code ?? 'ok'}`),
  );
}

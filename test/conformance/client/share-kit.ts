import {
  type AcknowledgeResult,
  KafkaClient,
  ShareConsumer,
  type ShareConsumerOptions,
  type ShareRecord,
} from '@trunkline/client';
import { IncrementalAlterConfigs } from '@trunkline/protocol';
import { nodePorts } from './brokers.js';
import { ClientWorld, type LentBroker } from './client-kit.js';

const GROUP_RESOURCE = 32;
const SET = 0;

/** A client of a running broker, with topics and share consumers of its own. */
export class ShareWorld extends ClientWorld {
  readonly #consumers: { readonly consumer: ShareConsumer; readonly client: KafkaClient | undefined }[] = [];

  constructor(running: LentBroker) {
    super(running, 'share');
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
    await this.say(topic, partition, values);
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

  override async close(): Promise<void> {
    await Promise.all(this.#consumers.map(({ consumer }) => consumer.close()));
    for (const { client } of this.#consumers) await client?.close();
    await super.close();
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

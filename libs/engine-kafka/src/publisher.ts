import { type MessageHeaders, type OutgoingMessage, TrunklineError } from '@trunkline/bus';
import { type Cluster, Producer, type ProducerHeader } from '@trunkline/client';
import { asTrunklineError } from './errors.js';
import type { KafkaSettings } from './options.js';
import { PublishCall } from './publish-call.js';

/** How long a topic that the cluster does not know may still appear: brokers learn of a new one at different moments. */
const UNKNOWN_TOPIC_MS = 3_000;
const NO_HEADERS: readonly ProducerHeader[] = [];

/**
 * Writes with acks=all, idempotently. Messages without a key go round the partitions, so that workers share them evenly.
 *
 * Topics whose messages are not flushed have a producer of their own: on the lane of the others each acknowledgement
 * would wait for the disk with theirs.
 */
export class Publisher {
  readonly #flushed: Producer;
  readonly #os: Producer;
  readonly #osTopics = new Set<string>();
  readonly #turns = new Map<string, number>();
  #isClosed = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: KafkaSettings,
  ) {
    const { requestTimeoutMs, deliveryTimeoutMs, bufferBytesMax } = settings;
    const options = {
      requestTimeoutMs,
      deliveryTimeoutMs,
      bufferBytesMax,
      maxBlockMs: 0,
      unknownTopicTimeoutMs: Math.min(UNKNOWN_TOPIC_MS, deliveryTimeoutMs),
    };
    this.#flushed = new Producer(cluster, options);
    this.#os = new Producer(cluster, { ...options, lane: 'produce-os' });
  }

  /** Messages of this topic do not wait behind those that are flushed to disk. */
  markOs(topic: string): void {
    this.#osTopics.add(topic);
  }

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(new TrunklineError('CLOSED', 'the engine is closed'));
    const call = new PublishCall(messages.length);
    for (let index = 0; index < messages.length; index++) this.#publish(messages[index]!, call, index);
    return call.settled;
  }

  /** Sends what waits; each message settles by its delivery timeout at the latest. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { deliveryTimeoutMs: timeoutMs } = this.settings;
    await Promise.all([this.#flushed.close({ timeoutMs }), this.#os.close({ timeoutMs })]);
  }

  #publish({ channel, partition, key, value, headers }: OutgoingMessage, call: PublishCall, index: number): void {
    const refused = this.#refusal(channel, partition, value);
    if (refused !== undefined) return call.done(index, refused);
    // Only replies name their partition: whoever waits for one has a timeout, and no interest in the disk.
    const producer = partition !== undefined || this.#osTopics.has(channel) ? this.#os : this.#flushed;
    const chosen = partition ?? (key === undefined ? this.#turn(channel) : undefined);
    const record = { topic: channel, key: key ?? null, value, headers: headersOf(headers) };
    producer.enqueue(chosen === undefined ? record : { ...record, partition: chosen }, (error) => {
      call.done(index, error === undefined ? undefined : this.#told(error, channel));
    });
  }

  #refusal(channel: string, partition: number | undefined, value: Uint8Array | null): TrunklineError | undefined {
    const { messageBytesMax } = this.settings;
    const bytes = value?.byteLength ?? 0;
    if (bytes > messageBytesMax) {
      const detail = `${channel}: a value of ${bytes} bytes is over messageBytesMax (${messageBytesMax})`;
      return new TrunklineError('MESSAGE_TOO_LARGE', detail);
    }
    const count = this.#count(channel);
    if (partition === undefined || count === 0 || partition < count) return undefined;
    return new TrunklineError(
      'ENGINE_REFUSED',
      `${channel} has ${count} partitions; there is no partition ${partition}`,
    );
  }

  /** The next partition in turn; undefined while the topic is not known: the producer chooses then. */
  #turn(channel: string): number | undefined {
    const count = this.#count(channel);
    if (count === 0) return undefined;
    const turn = this.#turns.get(channel) ?? 0;
    this.#turns.set(channel, turn + 1);
    return turn % count;
  }

  #count(channel: string): number {
    return this.cluster.image.topics.get(channel)?.partitions.length ?? 0;
  }

  #told(error: Error, channel: string): TrunklineError {
    if (Reflect.get(error, 'code') === 'UNKNOWN_TOPIC_OR_PARTITION') {
      const detail = `topic ${channel} does not exist; make it before (ensure)`;
      return new TrunklineError('ENGINE_REFUSED', detail, { cause: error });
    }
    if (Reflect.get(error, 'code') === 'OVERLOADED') {
      const detail = `too many bytes wait for the broker already; raise bufferBytesMax (${this.settings.bufferBytesMax})`;
      return new TrunklineError('OVERLOADED', detail, { cause: error });
    }
    return asTrunklineError(error);
  }
}

function headersOf(headers: MessageHeaders): readonly ProducerHeader[] {
  if (headers.size === 0) return NO_HEADERS;
  const all: ProducerHeader[] = [];
  for (const [key, value] of headers) all.push({ key, value });
  return all;
}

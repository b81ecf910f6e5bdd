import { type OutgoingMessage, TrunklineError } from '@trunkline/bus';
import type { Timer } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { unavailable } from './broker-link.js';
import type { Cluster, LaneName } from './cluster.js';
import { codeOf, isRetriable, nameOf, throwIfError } from './error-codes.js';
import { type Batch, Outgoing, PartitionWriter, type ProducerIdentity, PublishCall } from './partition-writer.js';
import { partitionOfKey } from './wire/murmur2.js';
import { PRODUCE, type ProduceAnswer, decodeProduce, encodeProduce } from './wire/produce.js';

/** Bytes of a batch that holds more than one message: below the limit of every broker's default. */
const BATCH_BYTES_MAX = 900_000;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 1_000;
/** How long a topic that the cluster does not know may still appear: brokers learn of a new one at different moments. */
const UNKNOWN_TOPIC_MS = 3_000;

interface Shipment {
  readonly nodeId: number;
  readonly lane: LaneName;
  readonly batches: Batch[];
  bytes: number;
}

interface TopicWriters {
  readonly writers: PartitionWriter[];
  /** Where the next message without a key goes. */
  turn: number;
}

/**
 * Writes with acks=all, idempotently: a message is in its partition once, in the order of `publish`, however often a
 * request had to be repeated. What is published in one turn of the event loop, or while a request is under way, leaves in
 * one batch a partition and one request a broker.
 */
export class Producer {
  readonly #topics = new Map<string, TopicWriters>();
  /** Messages for topics that the cluster does not know yet. */
  readonly #parked = new Map<string, { readonly message: OutgoingMessage; readonly outgoing: Outgoing }[]>();
  readonly #ready = new Set<PartitionWriter>();
  readonly #osTopics = new Set<string>();
  #shared: Promise<ProducerIdentity> | undefined;
  #isScheduled = false;
  #timer: Timer | undefined;
  #timerAtMs = 0;
  #pending = 0;
  #pendingBytes = 0;
  #isClosed = false;
  #idle: (() => void) | undefined;

  constructor(private readonly cluster: Cluster) {}

  /** Messages of these topics do not wait behind those that are flushed to disk. */
  markOs(topic: string): void {
    this.#osTopics.add(topic);
  }

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(new TrunklineError('CLOSED', 'the engine is closed'));
    const { bufferBytesMax, deliveryTimeoutMs, messageBytesMax } = this.cluster.settings;
    if (this.#pendingBytes >= bufferBytesMax) {
      const detail = `${this.#pendingBytes} bytes wait for the broker already; raise bufferBytesMax (${bufferBytesMax})`;
      return Promise.reject(new TrunklineError('OVERLOADED', detail));
    }
    const call = new PublishCall(messages.length);
    const expiresAtMs = this.cluster.clock.monotonicMs() + deliveryTimeoutMs;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index]!;
      const { key, value, headers } = message;
      const bytes = value?.byteLength ?? 0;
      if (bytes > messageBytesMax) {
        const detail = `${message.channel}: a value of ${bytes} bytes is over messageBytesMax (${messageBytesMax})`;
        call.done(index, new TrunklineError('MESSAGE_TOO_LARGE', detail));
        continue;
      }
      const outgoing = new Outgoing(key, value, headers, expiresAtMs, call, index);
      this.#pending += 1;
      this.#pendingBytes += outgoing.bytes;
      this.#route(message, outgoing);
    }
    this.#schedule();
    return call.settled;
  }

  /** Sends what waits; each message settles by its delivery timeout at the latest. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#timer?.cancel();
  }

  #route(message: OutgoingMessage, outgoing: Outgoing): void {
    const { channel, partition, key } = message;
    const leaders = this.cluster.topic(channel)?.leaders ?? [];
    const parked = this.#parked.get(channel);
    if (parked !== undefined || leaders.length === 0) {
      if (parked !== undefined) parked.push({ message, outgoing });
      else this.#park(channel, { message, outgoing });
      return;
    }
    if (partition !== undefined && partition >= leaders.length) {
      const detail = `${channel} has ${leaders.length} partitions; there is no partition ${partition}`;
      return this.#settle(outgoing, new TrunklineError('ENGINE_REFUSED', detail));
    }
    const topic = this.#writersOf(channel);
    const chosen =
      partition ?? (key === undefined ? topic.turn++ % leaders.length : partitionOfKey(key, leaders.length));
    if (partition !== undefined) this.markOs(channel);
    const writer = (topic.writers[chosen] ??= new PartitionWriter(channel, chosen));
    writer.push(outgoing);
    if (!writer.isSending) this.#ready.add(writer);
  }

  #writersOf(channel: string): TopicWriters {
    let topic = this.#topics.get(channel);
    if (topic === undefined) this.#topics.set(channel, (topic = { writers: [], turn: 0 }));
    return topic;
  }

  #park(channel: string, first: { readonly message: OutgoingMessage; readonly outgoing: Outgoing }): void {
    this.#parked.set(channel, [first]);
    void this.#resolve(channel);
  }

  async #resolve(channel: string): Promise<void> {
    const { clock, settings } = this.cluster;
    const startedMs = clock.monotonicMs();
    let failure: TrunklineError;
    for (let attempt = 0; ; attempt++) {
      failure = new TrunklineError('ENGINE_REFUSED', `topic ${channel} does not exist; make it before (ensure)`);
      let limitMs = UNKNOWN_TOPIC_MS;
      try {
        await this.cluster.refresh([channel]);
        if ((this.cluster.topic(channel)?.leaders.length ?? 0) > 0) break;
      } catch (reason) {
        failure = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
        limitMs = settings.deliveryTimeoutMs;
      }
      if (clock.monotonicMs() - startedMs > limitMs) break;
      await new Promise<void>((resolve) => clock.after(pauseMs(attempt), resolve));
    }
    const parked = this.#parked.get(channel) ?? [];
    this.#parked.delete(channel);
    const isKnown = (this.cluster.topic(channel)?.leaders.length ?? 0) > 0;
    for (const { message, outgoing } of parked) {
      if (isKnown) this.#route(message, outgoing);
      else this.#settle(outgoing, failure);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#ready.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const nowMs = this.cluster.clock.monotonicMs();
    const shipments = new Map<string, Shipment>();
    let wakeAtMs = Infinity;
    for (const writer of this.#ready) {
      if (writer.notBeforeMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, writer.notBeforeMs);
        continue;
      }
      this.#ready.delete(writer);
      const nodeId = this.cluster.topic(writer.topic)?.leaders[writer.partition] ?? -1;
      if (nodeId < 0) this.#again(writer, `${writer.topic}/${writer.partition} has no leader`);
      else if (!writer.isEmpty) this.#load(shipments, nodeId, writer);
    }
    for (const shipment of shipments.values()) void this.#send(shipment);
    if (wakeAtMs < Infinity) this.#wakeIn(wakeAtMs - nowMs);
  }

  #load(shipments: Map<string, Shipment>, nodeId: number, writer: PartitionWriter): void {
    const lane: LaneName = this.#osTopics.has(writer.topic) ? 'produce-os' : 'produce';
    const key = `${nodeId}/${lane}`;
    const batch = writer.next(BATCH_BYTES_MAX);
    writer.isSending = true;
    let shipment = shipments.get(key);
    if (shipment !== undefined && shipment.bytes > REQUEST_BYTES_MAX) {
      void this.#send(shipment);
      shipment = undefined;
    }
    if (shipment === undefined) shipments.set(key, (shipment = { nodeId, lane, batches: [], bytes: 0 }));
    shipment.batches.push(batch);
    for (const { bytes } of batch.records) shipment.bytes += bytes;
  }

  async #send({ nodeId, lane, batches }: Shipment): Promise<void> {
    const { cluster } = this;
    let answers: readonly ProduceAnswer[];
    try {
      for (const { writer } of batches) writer.identity ??= await this.#identityFor(writer);
      const link = cluster.openLink(nodeId, lane) ?? (await cluster.link(nodeId, lane));
      const body = encodeProduce(
        batches.map(({ writer: { topic, partition }, records, writer }) => ({
          topic,
          partition,
          records,
          stamp: writer.stamp(),
        })),
        cluster.settings.requestTimeoutMs,
        cluster.clock.nowMs(),
        crc32c,
      );
      answers = await link.request(PRODUCE, body, decodeProduce);
    } catch (reason) {
      for (const { writer } of batches) this.#again(writer, String(reason), reason);
      this.#schedule();
      return;
    }
    const codes = new Map(answers.map(({ topic, partition, errorCode }) => [`${topic}/${partition}`, errorCode]));
    for (const { writer } of batches) this.#answered(writer, codes.get(`${writer.topic}/${writer.partition}`));
    this.#schedule();
  }

  #answered(writer: PartitionWriter, errorCode: number | undefined): void {
    const where = `${writer.topic}/${writer.partition}`;
    if (errorCode === undefined) return this.#again(writer, `${where}: the broker left it out of its answer`);
    if (errorCode === 0 || errorCode === codeOf('DUPLICATE_SEQUENCE_NUMBER')) {
      return this.#finish(writer, writer.written());
    }
    if (SEQUENCE_ERRORS.has(errorCode)) writer.forgetIdentity();
    else if (TOO_LARGE_ERRORS.has(errorCode) && (writer.batch?.records.length ?? 0) > 1) {
      writer.split();
      return this.#finish(writer, []);
    } else if (!isRetriable(errorCode)) {
      const code = TOO_LARGE_ERRORS.has(errorCode) ? 'MESSAGE_TOO_LARGE' : 'ENGINE_REFUSED';
      const hint = TOO_LARGE_ERRORS.has(errorCode) ? "; raise the topic's max.message.bytes" : '';
      const error = new TrunklineError(code, `${where}: ${nameOf(errorCode)}${hint}`);
      return this.#finish(writer, writer.refused(), error);
    }
    this.#again(writer, `${where}: ${nameOf(errorCode)}`);
  }

  #finish(writer: PartitionWriter, records: readonly Outgoing[], error?: TrunklineError): void {
    writer.isSending = false;
    for (const outgoing of records) this.#settle(outgoing, error);
    if (!writer.isEmpty) this.#ready.add(writer);
  }

  #again(writer: PartitionWriter, what: string, cause?: unknown): void {
    const nowMs = this.cluster.clock.monotonicMs();
    writer.isSending = false;
    writer.notBeforeMs = nowMs + pauseMs(writer.failures);
    writer.failures += 1;
    const old = writer.expired(nowMs);
    if (old.length > 0) {
      const error = unavailable('not known to be written in time', cause ?? what);
      for (const outgoing of old) this.#settle(outgoing, error);
    }
    if (writer.isEmpty) return;
    this.#ready.add(writer);
    this.#wakeIn(writer.notBeforeMs - nowMs);
    this.cluster.refresh([writer.topic]).catch(() => {}); // the next attempt says what is wrong
  }

  #wakeIn(delayMs: number): void {
    const atMs = this.cluster.clock.monotonicMs() + Math.max(1, delayMs);
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.cluster.clock.after(Math.max(1, delayMs), () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  #settle(outgoing: Outgoing, error?: TrunklineError): void {
    this.#pending -= 1;
    this.#pendingBytes -= outgoing.bytes;
    outgoing.call.done(outgoing.index, error);
    if (this.#pending === 0) this.#idle?.();
  }

  #identityFor(writer: PartitionWriter): Promise<ProducerIdentity> {
    if (writer.needsOwnIdentity) return this.#newIdentity();
    this.#shared ??= this.#newIdentity().catch((reason: unknown) => {
      this.#shared = undefined;
      throw reason;
    });
    return this.#shared;
  }

  async #newIdentity(): Promise<ProducerIdentity> {
    const { client } = this.cluster;
    const link = await this.cluster.link(this.cluster.anyNode(), 'control');
    const { errorCode, producerId, producerEpoch } = await link.call(client.initProducerIdV1.api, null, 0);
    // A broker that gives out no ids to us still takes our messages, without its duplicate detection.
    if (errorCode === codeOf('CLUSTER_AUTHORIZATION_FAILED')) return { producerId: -1n, producerEpoch: -1 };
    throwIfError(errorCode, 'a producer id');
    return { producerId, producerEpoch };
  }
}

const SEQUENCE_ERRORS = new Set([
  codeOf('OUT_OF_ORDER_SEQUENCE_NUMBER'),
  codeOf('UNKNOWN_PRODUCER_ID'),
  codeOf('INVALID_PRODUCER_EPOCH'),
  codeOf('INVALID_PRODUCER_ID_MAPPING'),
]);
const TOO_LARGE_ERRORS = new Set([codeOf('MESSAGE_TOO_LARGE'), codeOf('RECORD_LIST_TOO_LARGE')]);

function pauseMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures, 10));
}

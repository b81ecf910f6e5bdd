import type { Random } from '@trunkline/kernel';
import type { BatchOptions } from '@trunkline/records';
import type { ClusterImage, TopicImage } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { backoffMs } from '../backoff.js';
import { type Holder, ProducerBatch } from './batch.js';
import type { ProducerEffect } from './effects.js';
import type { PartitionWriter } from './partition-writer.js';
import { type Pending, hold, release } from './pending.js';
import type { ProducerSettings } from './producer-options.js';
import type { ReadyWriters } from './ready-writers.js';
import { type EncodedRecord, type ParkedRecord, TopicWriters, owned } from './topic-writers.js';

/** Into which batch a record goes; where it waits while its topic, or its partition, is not known. */
export class Placement {
  parkedCount = 0;
  #image: ClusterImage | undefined;
  #admits = true;
  readonly #topics = new Map<string, TopicWriters>();

  constructor(
    private readonly settings: ProducerSettings,
    private readonly making: BatchOptions,
    private readonly random: Random,
    private readonly effects: ProducerEffect[],
    private readonly pending: Pending,
    /** Told of each partition that got something to send. */
    private readonly ready: ReadyWriters,
  ) {}

  imageOf(topic: string): TopicImage | undefined {
    return this.#topics.get(topic)?.image;
  }

  writerOf(topic: string, partition: number): PartitionWriter | undefined {
    return this.#topics.get(topic)?.writers[partition];
  }

  *writers(): Generator<PartitionWriter, void, void> {
    for (const { writers } of this.#topics.values()) {
      for (const writer of writers) if (writer !== undefined) yield writer;
    }
  }

  /** A batch of this partition left. */
  left(writer: PartitionWriter): void {
    this.#topics.get(writer.topic)!.unstick(writer.partition);
  }

  /** Whether partitions may be written to without being admitted to the transaction first; none is admitted from now on. */
  admitsUnasked(admits: boolean): void {
    this.#admits = admits;
    for (const writer of this.writers()) writer.isAdmitted = admits;
  }

  add(nowMs: number, record: EncodedRecord): void {
    this.pending.bufferedBytes += record.bytesMax;
    this.#place(nowMs, record, nowMs + this.settings.deliveryTimeoutMs, undefined);
  }

  learn(nowMs: number, image: ClusterImage): void {
    this.#image = image;
    for (const topic of this.#topics.values()) {
      const known = image.topics.get(topic.name);
      // Not known any more: what waits stays, for a topic of that name may come back within its time.
      if (known === undefined || known.partitions.length === 0 || known === topic.image) continue;
      topic.image = known;
      topic.lookUps = 0;
      for (const writer of topic.writers) if (writer !== undefined && !writer.isEmpty) this.ready.add(writer);
      this.#unpark(nowMs, topic);
    }
  }

  lookedUp(nowMs: number, name: string, error: KafkaError | undefined): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    topic.isLookedUp = false;
    topic.lookUps += 1;
    const { retryBackoffMs, retryBackoffMaxMs } = this.settings;
    topic.lookUpAtMs = nowMs + backoffMs(topic.lookUps, retryBackoffMs, retryBackoffMaxMs, this.random);
    topic.lastError = error;
    if (error === undefined || error.retriable) return;
    for (const parked of topic.parked.splice(0)) this.#refuse(parked, error);
  }

  /** Looks up what is waited for, and gives up what waited too long. Returns when to be called again. */
  tend(nowMs: number): number {
    let wakeAtMs = Infinity;
    if (this.parkedCount === 0) return wakeAtMs;
    for (const topic of this.#topics.values()) {
      if (topic.parked.length === 0) continue;
      const late = topic.parked.filter(({ deadlineMs }) => deadlineMs <= nowMs);
      if (late.length > 0) {
        topic.parked = topic.parked.filter(({ deadlineMs }) => deadlineMs > nowMs);
        for (const parked of late) this.#refuse(parked, this.#notThere(topic, parked.record.partition));
      }
      for (const { deadlineMs } of topic.parked) wakeAtMs = Math.min(wakeAtMs, deadlineMs);
      if (topic.isLookedUp || topic.parked.length === 0) continue;
      if (topic.lookUpAtMs > nowMs) wakeAtMs = Math.min(wakeAtMs, topic.lookUpAtMs);
      else {
        topic.isLookedUp = true;
        this.effects.push({ kind: 'lookUp', topic: topic.name });
      }
    }
    return wakeAtMs;
  }

  holdParked(holder: Holder): void {
    for (const topic of this.#topics.values()) for (const parked of topic.parked) hold(parked, holder);
  }

  refuseParked(error: () => KafkaError): void {
    for (const topic of this.#topics.values()) {
      for (const parked of topic.parked.splice(0)) this.#refuse(parked, error());
    }
  }

  #topic(name: string): TopicWriters {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new TopicWriters(name, this.settings.idempotent, this.random.below(2 ** 16));
      const known = this.#image?.topics.get(name);
      if (known !== undefined && known.partitions.length > 0) topic.image = known;
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #place(nowMs: number, record: EncodedRecord, deadlineMs: number, holders: Holder[] | undefined): void {
    const topic = this.#topic(record.topic);
    const partition = topic.image === undefined ? -1 : topic.choose(record.partition, record.key);
    if (partition < 0) return this.#park(nowMs, topic, record, deadlineMs, holders);
    const writer = topic.writers[partition] ?? this.#newWriter(topic, partition);
    const { bytesMax } = record;
    const limit = Math.min(this.settings.batchBytesMax, writer.batchBytesMax);
    let batch = writer.waiting.at(-1);
    if (batch === undefined || !batch.isOpen || batch.sizeBytes + bytesMax > limit) {
      batch = new ProducerBatch(this.making, nowMs, deadlineMs);
      writer.waiting.push(batch);
      this.pending.begin(batch, writer);
      if (!writer.isAdmitted) this.#ask(writer);
    }
    this.ready.add(writer);
    batch.add(record.key, record.value, record.headers, record.timestampMs, record.settled);
    batch.bufferBytes += bytesMax;
    if (holders === undefined) return;
    (batch.holders ??= []).push(...holders);
    batch.isUrgent = true;
  }

  #newWriter(topic: TopicWriters, partition: number): PartitionWriter {
    const writer = topic.writer(partition);
    writer.isAdmitted = this.#admits;
    writer.isTransactional = this.settings.transactionalId !== undefined;
    return writer;
  }

  #ask(writer: PartitionWriter): void {
    this.effects.push({ kind: 'admit', topic: writer.topic, partition: writer.partition });
  }

  #park(nowMs: number, topic: TopicWriters, record: EncodedRecord, deadlineMs: number, holders?: Holder[]): void {
    const knownByMs = Math.min(deadlineMs, nowMs + this.settings.unknownTopicTimeoutMs);
    topic.parked.push({ record: owned(record), deadlineMs: knownByMs, deliverByMs: deadlineMs, holders });
    this.parkedCount += 1;
  }

  #unpark(nowMs: number, topic: TopicWriters): void {
    const waiting = topic.parked;
    topic.parked = [];
    for (const parked of waiting) {
      if (topic.choose(parked.record.partition, parked.record.key) < 0) {
        topic.parked.push(parked);
        continue;
      }
      this.parkedCount -= 1;
      this.#place(nowMs, parked.record, parked.deliverByMs, parked.holders);
    }
  }

  #refuse({ record, holders }: ParkedRecord, error: KafkaError): void {
    this.parkedCount -= 1;
    this.pending.bufferedBytes -= record.bytesMax;
    this.effects.push({ kind: 'refuse', record, error });
    if (holders !== undefined) release(holders);
  }

  #notThere(topic: TopicWriters, partition: number | undefined): KafkaError {
    const about = `topic ${topic.name}`;
    const cause = topic.lastError;
    if (cause !== undefined) {
      return new KafkaError('TIMED_OUT', `its partitions could not be found out: ${cause.message}`, { about, cause });
    }
    const count = topic.image?.partitions.length ?? 0;
    if (count === 0 && topic.lookUps === 0) {
      return new KafkaError('TIMED_OUT', 'its partitions could not be found out: no broker has answered', { about });
    }
    const detail = count === 0 ? 'no broker knows it' : `it has ${count} partitions, none has the number ${partition}`;
    return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', detail, { about, advice: 'create it before' });
  }
}

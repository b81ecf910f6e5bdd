import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { MoveReason } from './fetch-event.js';
import type { FetchedPartition } from './fetched-partition.js';
import type { FetchedRecord } from './fetched-record.js';
import { type FetchSink, Fetcher } from './fetcher.js';
import type { ConsumerSettings } from './consumer-options.js';
import { type FoundOffset, type OffsetSpec, offsetsFor } from './offsets.js';
import { PartitionQueue } from './partition-queue.js';

/** A position in a partition, with the leader epoch of the record before it where that is known. */
export interface ConsumerPosition extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch?: number | undefined;
}

/** The partitions that a consumer reads: what is fetched of each, whose turn it is, and what went wrong. */
export class ConsumerPartitions implements FetchSink {
  readonly fetcher: Fetcher;
  readonly #queues = new Map<string, PartitionQueue>();
  /** Those that may have something, the longest waiting first. */
  readonly #ready = new Set<PartitionQueue>();
  readonly #errors: KafkaError[] = [];
  /** Records that the partition whose turn it is has given in it. */
  #turn = 0;
  readonly #abort = new AbortController();
  readonly #drained = (queue: PartitionQueue, bytes: number): void => {
    this.fetcher.drained(queue.topic, queue.partition, bytes);
  };

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: ConsumerSettings,
    /** Something may be there to be handed out, or thrown. */
    private readonly wake: () => void,
  ) {
    this.fetcher = new Fetcher(cluster, settings.fetcher, this);
  }

  /** Aborted when nothing is read any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get all(): readonly PartitionQueue[] {
    return [...this.#queues.values()];
  }

  find({ topic, partition }: TopicPartition): PartitionQueue | undefined {
    return this.#queues.get(`${topic}/${partition}`);
  }

  get(about: TopicPartition): PartitionQueue {
    const queue = this.find(about);
    if (queue !== undefined) return queue;
    const advice = 'assign it, or wait until the group does';
    throw new KafkaError('MISUSE', 'it is not assigned', { about: `topic ${about.topic}/${about.partition}`, advice });
  }

  add({ topic, partition, offset, leaderEpoch = -1 }: ConsumerPosition, isHeld = false): PartitionQueue {
    const queue = new PartitionQueue(topic, partition, offset, leaderEpoch, this.#drained);
    queue.isHeld = isHeld;
    this.fetcher.add(topic, partition, offset, leaderEpoch);
    this.#queues.set(`${topic}/${partition}`, queue);
    return queue;
  }

  remove({ topic, partition }: TopicPartition): void {
    const name = `${topic}/${partition}`;
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    this.#queues.delete(name);
    this.#ready.delete(queue);
    this.fetcher.remove(topic, partition);
  }

  seek(about: ConsumerPosition): void {
    const queue = this.get(about);
    this.fetcher.seek(about.topic, about.partition, about.offset, about.leaderEpoch ?? -1);
    queue.moveTo(about.offset, about.leaderEpoch ?? -1);
    this.#ready.delete(queue);
  }

  pause(about: TopicPartition): void {
    const queue = this.get(about);
    queue.isPaused = true;
    this.fetcher.pause(about.topic, about.partition);
  }

  resume(about: TopicPartition): void {
    const queue = this.get(about);
    queue.isPaused = false;
    this.fetcher.resume(about.topic, about.partition);
    this.readied(queue);
  }

  /** It may have something now. */
  readied(queue: PartitionQueue): void {
    if (!queue.isReady) return;
    this.#ready.add(queue);
    this.wake();
  }

  /** To be thrown by the next who asks for records. */
  fail(error: KafkaError): void {
    this.#errors.push(error);
    this.wake();
  }

  /** What went wrong and was not told yet; told once. */
  takeError(): KafkaError | undefined {
    return this.#errors.shift();
  }

  /** The next record: of one partition until it has none or its turn is over. `handed` hears of the queue it came from. */
  next(handed: (queue: PartitionQueue) => void): FetchedRecord | undefined {
    for (const queue of this.#ready) {
      const record = queue.isReady ? this.#nextOf(queue) : undefined;
      if (record === undefined) {
        this.#ready.delete(queue);
        this.#turn = 0;
        continue;
      }
      handed(queue);
      if (++this.#turn >= this.settings.maxPollRecords) {
        this.#turn = 0;
        this.#ready.delete(queue);
        this.#ready.add(queue); // Behind the others.
      }
      return record;
    }
    return undefined;
  }

  /** Takes up to `max` records, from each partition in its turn. */
  take(max: number, handed: (queue: PartitionQueue) => void): FetchedRecord[] {
    const records: FetchedRecord[] = [];
    for (const queue of this.#ready) {
      const before = records.length;
      while (records.length < max && queue.isReady) {
        const record = this.#nextOf(queue);
        if (record === undefined) break;
        records.push(record);
      }
      if (records.length > before) handed(queue);
      this.#ready.delete(queue);
      if (records.length < max) continue;
      if (queue.isReady) this.#ready.add(queue); // Behind the others.
      break;
    }
    return records;
  }

  /** Where these are read from when nobody says: as the reset policy has it. Rejects with the first error. */
  async reset(partitions: readonly TopicPartition[]): Promise<ConsumerPosition[]> {
    if (partitions.length === 0) return [];
    const { reset } = this.settings.fetcher;
    if (reset !== 'none') return await this.lookUp(partitions, reset);
    const { topic, partition } = partitions[0]!;
    throw new KafkaError('OFFSET_OUT_OF_RANGE', 'there is no position to begin at', {
      about: `topic ${topic}/${partition}`,
      advice: 'give an offset, commit one first, or choose a reset policy',
    });
  }

  async lookUp(partitions: readonly TopicPartition[], spec: OffsetSpec): Promise<ConsumerPosition[]> {
    const { isolationLevel, requestTimeoutMs: timeoutMs } = this.settings.fetcher;
    const options = { isolationLevel, timeoutMs, signal: this.signal };
    const found: readonly FoundOffset[] = await offsetsFor(this.cluster, partitions, spec, options);
    return found.map(({ topic, partition, offset, error }) => {
      if (error !== undefined) throw error;
      return { topic, partition, offset };
    });
  }

  records(fetched: FetchedPartition): void {
    const queue = this.find(fetched);
    if (queue === undefined) return;
    queue.push(fetched);
    this.readied(queue);
  }

  failed(topic: string, partition: number, error: KafkaError): void {
    const queue = this.find({ topic, partition });
    // One that stands still already has said why.
    if (queue !== undefined && !queue.isFailed) this.fail(error);
  }

  moved(topic: string, partition: number, from: number, to: number, reason: MoveReason): void {
    this.cluster.ports.logger.warn('a position was reset', { topic, partition, from, to, reason });
    const queue = this.find({ topic, partition });
    // Forward, what waits still comes first. Back, or to another topic of the name: what waits is not true any more.
    if (queue !== undefined && (to < from || reason !== 'out-of-range')) this.seek({ topic, partition, offset: to });
  }

  stop(): void {
    this.#abort.abort();
    this.fetcher.stop();
    this.#queues.clear();
    this.#ready.clear();
  }

  #nextOf(queue: PartitionQueue): FetchedRecord | undefined {
    try {
      return queue.next();
    } catch (reason) {
      queue.isFailed = true;
      this.fail(KafkaError.from(reason, 'PROTOCOL_VIOLATION', `topic ${queue.topic}/${queue.partition}`));
      return undefined;
    }
  }
}

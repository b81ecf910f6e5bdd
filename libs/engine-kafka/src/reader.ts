import type { AssignedPartition, PartitionDispatcher } from '@trunkline/bus';
import {
  type Cluster,
  FetchError,
  type FetchSink,
  type FetchedPartition,
  Fetcher,
  type KafkaError,
  type TopicPartition,
  nameOfPartition,
} from '@trunkline/client';
import { type Timer, asError } from '@trunkline/kernel';
import { deliveryOf } from './delivery.js';
import type { KafkaSettings } from './options.js';

/** How much later than it was asked to a broker may answer before it counts as out of reach. */
const LATE_MS = 3_000;
/** A partition that cannot be read is tried again after so long. */
const RETRY_MS = 500;

/** Where reading goes on when the position is beyond the end of the log. */
export type ResetPolicy = 'start' | 'end';

interface Reading extends TopicPartition {
  assigned: AssignedPartition;
  /** Where reading goes on. */
  nextOffset: number;
  /** Why it is not read. */
  trouble: string | undefined;
  retry: Timer | undefined;
}

/** Reads partitions and hands what it reads to a dispatcher, no faster than that can take it. */
export class PartitionReader {
  readonly #readings = new Map<string, Reading>();
  readonly #fetcher: Fetcher;

  constructor(
    private readonly cluster: Cluster,
    private readonly dispatcher: PartitionDispatcher,
    settings: KafkaSettings,
    private readonly reset: ResetPolicy,
  ) {
    const sink: FetchSink = {
      records: (fetched) => this.#take(fetched),
      failed: (topic, partition, error) => this.#failed(nameOfPartition({ topic, partition }), error),
    };
    // Where to go on is decided here: what was deleted is passed over, but never what is still there.
    this.#fetcher = new Fetcher(
      cluster,
      { maxWaitMs: settings.fetchWaitMs, reset: 'none', requestTimeoutMs: LATE_MS },
      sink,
    );
  }

  /** Partitions being read, as `topic/partition`. */
  get names(): readonly string[] {
    return [...this.#readings.keys()];
  }

  /** Why something is not being read now; undefined when everything is. */
  get trouble(): string | undefined {
    for (const { trouble } of this.#readings.values()) if (trouble !== undefined) return trouble;
    return this.#fetcher.trouble?.message;
  }

  has(partition: TopicPartition): boolean {
    return this.#readings.has(nameOfPartition(partition));
  }

  add(partition: TopicPartition, offset: number): void {
    const { topic, partition: index } = partition;
    const assigned = this.dispatcher.assign(topic, index, offset);
    const reading = { topic, partition: index, assigned, nextOffset: offset, trouble: undefined, retry: undefined };
    this.#readings.set(nameOfPartition(partition), reading);
    this.#fetcher.add(topic, index, offset);
  }

  /** What is finished of each partition, as far as it may be committed. */
  *positions(): Iterable<TopicPartition & { readonly position: number }> {
    for (const { topic, partition, assigned } of this.#readings.values()) {
      yield { topic, partition, position: assigned.position };
    }
  }

  /** Reads no more of it, and waits at most `deadlineMs` for what runs. Resolves with its last position. */
  async release(partition: TopicPartition, deadlineMs: number): Promise<number | undefined> {
    const reading = this.#readings.get(nameOfPartition(partition));
    if (reading === undefined) return undefined;
    this.#stop(reading);
    const position = await reading.assigned.release(deadlineMs);
    if (this.#readings.get(nameOfPartition(partition)) === reading) this.#readings.delete(nameOfPartition(partition));
    return position;
  }

  /** Drops them at once: they belong to others now. Late results are ignored. */
  revoke(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const reading = this.#readings.get(nameOfPartition(partition));
      if (reading === undefined) continue;
      this.#stop(reading);
      reading.assigned.revoke();
      this.#readings.delete(nameOfPartition(partition));
    }
  }

  /** The dispatcher has enough of a partition. */
  full({ channel, partition }: AssignedPartition): void {
    if (this.#fetcher.position(channel, partition) !== undefined) this.#fetcher.pause(channel, partition);
  }

  /** It has room again. */
  ready({ channel, partition }: AssignedPartition): void {
    if (this.#fetcher.position(channel, partition) !== undefined) this.#fetcher.resume(channel, partition);
  }

  stop(): void {
    for (const reading of this.#readings.values()) reading.retry?.cancel();
    this.#fetcher.stop();
  }

  #stop(reading: Reading): void {
    reading.retry?.cancel();
    this.#fetcher.remove(reading.topic, reading.partition);
  }

  #take({ topic, partition, batches, nextOffset, sizeBytes }: FetchedPartition): void {
    const reading = this.#readings.get(nameOfPartition({ topic, partition }));
    if (reading === undefined) return;
    // What waits is the dispatcher's to limit, by number and bytes: it pauses the partition.
    this.#fetcher.drained(topic, partition, sizeBytes);
    const { assigned } = reading;
    try {
      for (const batch of batches) {
        const records = batch.reader();
        for (let record = records.next(); record !== undefined; record = records.next()) {
          assigned.offer(deliveryOf(record));
          reading.nextOffset = record.offset + 1;
        }
      }
      reading.nextOffset = nextOffset;
      reading.trouble = undefined;
      assigned.advance(nextOffset);
    } catch (reason) {
      this.#again(reading, asError(reason).message);
    }
  }

  #failed(name: string, error: KafkaError): void {
    const reading = this.#readings.get(name);
    if (reading === undefined) return;
    const target = this.#targetOf(error);
    if (target === undefined) return this.#again(reading, error.message);
    reading.assigned.revoke();
    reading.assigned = this.dispatcher.assign(reading.topic, reading.partition, target);
    reading.nextOffset = target;
    this.#fetcher.seek(reading.topic, reading.partition, target);
  }

  /**
   * Below the log's start: what was there has been deleted, so go on at the start. Beyond its end: it lost its end, as
   * far as is not known exactly. Made anew: all that is in it is new.
   */
  #targetOf(error: KafkaError): number | undefined {
    if (!(error instanceof FetchError)) return undefined;
    const { code, position, logStartOffset, logEndOffset, divergentOffset, nextOffset } = error;
    if (code === 'LOG_TRUNCATED') return divergentOffset;
    if (code === 'UNKNOWN_TOPIC_ID') return nextOffset;
    if (code !== 'OFFSET_OUT_OF_RANGE' || logStartOffset === undefined || logEndOffset === undefined) return undefined;
    return position < logStartOffset || this.reset === 'start' ? logStartOffset : logEndOffset;
  }

  /** It cannot be read: never passed over, tried again until it can. */
  #again(reading: Reading, why: string): void {
    const { topic, partition, nextOffset } = reading;
    reading.trouble = why;
    reading.retry?.cancel();
    this.#fetcher.seek(topic, partition, nextOffset);
    this.#fetcher.pause(topic, partition);
    reading.retry = this.cluster.after(RETRY_MS, () => {
      reading.retry = undefined;
      if (this.#fetcher.position(topic, partition) !== undefined) this.#fetcher.resume(topic, partition);
    });
  }
}

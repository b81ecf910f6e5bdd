import { partitionOfKey } from '@trunkline/protocol';
import type { TopicImage } from '../cluster/cluster.js';
import type { KafkaError } from '../error.js';
import type { Holder } from './batch.js';
import { PartitionWriter } from './partition-writer.js';
import type { ProducerHeader, Settled } from './producer-record.js';

/** A record with its text as bytes. */
export interface EncodedRecord {
  readonly topic: string;
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly ProducerHeader[];
  readonly timestampMs: number;
  /** The most that it takes in a batch. */
  readonly bytesMax: number;
  readonly settled: Settled;
}

/** The record with bytes of its own: it outlives the call that brought it. */
export function owned(record: EncodedRecord): EncodedRecord {
  const { key, value, headers } = record;
  return {
    ...record,
    key: copied(key),
    value: copied(value),
    headers: headers.map((header) => ({ key: header.key, value: copied(header.value) })),
  };
}

/** Not `slice`, which gives a view where the bytes are a Buffer. */
function copied(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : new Uint8Array(bytes);
}

/** A record whose topic, or partition, is not known yet. */
export interface ParkedRecord {
  readonly record: EncodedRecord;
  /** When it is given up while its topic is not known. */
  readonly deadlineMs: number;
  readonly deliverByMs: number;
  holders: Holder[] | undefined;
}

/** A topic as its producer sees it: its partitions' writers, and what waits until it is known. */
export class TopicWriters {
  image: TopicImage | undefined;
  readonly writers: PartitionWriter[] = [];
  parked: ParkedRecord[] = [];
  isLookedUp = false;
  lookUpAtMs = 0;
  lookUps = 0;
  /** Of the last look-up. */
  lastError: KafkaError | undefined;
  #sticky = -1;
  #stickyCount = 0;

  constructor(
    readonly name: string,
    private readonly isIdempotent: boolean,
    private readonly startAt: number,
  ) {}

  /** The partition's number: named, by its key, or the sticky one; -1: the topic has no such partition. */
  choose(partition: number | undefined, key: Uint8Array | null): number {
    const count = this.image!.partitions.length;
    if (partition !== undefined) return partition < count ? partition : -1;
    if (key !== null) return partitionOfKey(key, count);
    if (this.#sticky < 0 || this.#stickyCount !== count) {
      this.#stickyCount = count;
      this.#sticky = this.#sticky < 0 ? this.startAt % count : this.#sticky % count;
    }
    if (this.image!.partitions[this.#sticky]!.leader < 0) this.unstick(this.#sticky);
    return this.#sticky;
  }

  /**
   * A batch left: records without a key go to the next partition that has a leader (KIP-480: batches grow, and all
   * partitions get their share).
   */
  unstick(partition: number): void {
    if (this.#sticky !== partition || this.image === undefined) return;
    const { partitions } = this.image;
    for (let step = 1; step <= partitions.length; step++) {
      const next = (partition + step) % partitions.length;
      if (partitions[next]!.leader < 0) continue;
      this.#sticky = next;
      return;
    }
  }

  writer(partition: number): PartitionWriter {
    return (this.writers[partition] ??= new PartitionWriter(this.name, partition, this.isIdempotent));
  }
}

import type { Uuid } from '@trunkline/kernel';
import type { LogRecord, RecordHeader } from '@trunkline/records';
import type { KafkaError } from '../error.js';

/**
 * What is to become of a record (KIP-932, KIP-1222): done; again, for anybody; never again; or still at it, so that the
 * lock begins anew (a record that was renewed wants one of the others later).
 */
export type AcknowledgeType = 'accept' | 'release' | 'reject' | 'renew';

/** The types as numbers; 0 says that no record has this offset. */
export const ACKNOWLEDGE = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const;
/** How a type is called by its number. */
export const ACKNOWLEDGE_NAMES = ['gap', 'accept', 'release', 'reject', 'renew'] as const;

/** Offsets in a row, both ends included, that had the same acknowledgement. */
export interface AcknowledgedRange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly type: (typeof ACKNOWLEDGE_NAMES)[number];
}

/** What became of the acknowledgements that one request carried for one partition. */
export interface AcknowledgeResult {
  readonly topic: string;
  readonly partition: number;
  readonly ranges: readonly AcknowledgedRange[];
  /** INVALID_RECORD_STATE: the lock had ended. undefined: the broker took them all. */
  readonly error: KafkaError | undefined;
}

/** A partition as a share group reads it. One object as long as the consumer lives; `held` is bounded by its options. */
export interface SharePartition {
  readonly topicId: Uuid;
  readonly topic: string;
  readonly partition: number;
  /** Records given out and not yet acknowledged for good, by offset. */
  readonly held: Map<number, Held>;
}

/** A record that the caller has. */
export interface Held {
  readonly record: ShareRecord;
  readonly nodeId: number;
  /** The share session in which it was acquired; in a later one the lock is gone. */
  readonly generation: number;
  /** When its lock ends, as this side's clock sees it; milliseconds, monotonic. */
  lockedUntilMs: number;
}

/**
 * A record that this member has acquired: nobody else gets it until the lock ends.
 *
 * Key, value and headers are views on what the broker sent: copy them before you keep or change them.
 */
export class ShareRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 means none. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  /** null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** How often it was given to somebody, this time included. The group's limit (5 by default) makes it the last time. */
  readonly deliveryCount: number;
  readonly #from: SharePartition;

  constructor(from: SharePartition, record: LogRecord, deliveryCount: number) {
    this.topic = from.topic;
    this.partition = from.partition;
    this.offset = record.offset;
    this.timestampMs = record.timestampMs;
    this.key = record.key;
    this.value = record.value;
    this.headers = record.headers;
    this.deliveryCount = deliveryCount;
    this.#from = from;
  }

  /** The partition that holds a record. */
  static partitionOf(record: ShareRecord): SharePartition {
    return record.#from;
  }
}

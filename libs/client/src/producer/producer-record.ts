import type { KafkaError } from '../error.js';

/** A record's header: a name that need not be unique, and bytes or null. */
export interface ProducerHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record to be sent. Bytes are read before `send` returns; the caller may change them after it. */
export interface ProducerRecord {
  readonly topic: string;
  /** Left out: chosen by the key, or, without a key, so that records that leave together go to one partition. */
  readonly partition?: number;
  /** Text is sent as UTF-8. */
  readonly key?: Uint8Array | string | null;
  /** null, or left out: a tombstone. Text is sent as UTF-8. */
  readonly value?: Uint8Array | string | null;
  readonly headers?: readonly ProducerHeader[];
  /** Milliseconds since 1970; left out: now. */
  readonly timestampMs?: number;
}

/** Where a record is. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1 when the broker does not tell: with `acks` 0, and for a repetition that it knew but no longer remembers. */
  readonly offset: number;
  /** The record's own, or the broker's where the topic is of LogAppendTime. */
  readonly timestampMs: number;
}

/**
 * How a record ends: exactly one call. With an error the numbers are those that are known, or -1.
 *
 * It is called in the turn in which the answer came, or inside of `enqueue` when the record is refused at once; it must
 * not throw.
 */
export type Settled = (error: KafkaError | undefined, partition: number, offset: number, timestampMs: number) => void;

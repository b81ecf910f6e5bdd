import type { Offset } from '@trunkline/kernel';
import { type LogRecord, type RecordCursor, type RecordHeader, headersAt } from '@trunkline/records';

/**
 * A record as it was fetched: numbers, and views that are made when they are asked for, each time anew.
 *
 * The views share memory with the whole answer of the broker. A record that is kept for long keeps that answer: copy what
 * is to be kept.
 */
export class FetchedRecord implements LogRecord {
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly #bytes: Uint8Array;
  readonly #keyFrom: number;
  readonly #keyBytes: number;
  readonly #valueFrom: number;
  readonly #valueBytes: number;
  readonly #headersAt: number;

  constructor(
    readonly topic: string,
    readonly partition: number,
    cursor: RecordCursor,
  ) {
    this.offset = cursor.offset;
    this.timestampMs = cursor.timestampMs;
    this.#bytes = cursor.bytes;
    this.#keyFrom = cursor.keyFrom;
    this.#keyBytes = cursor.keyBytes;
    this.#valueFrom = cursor.valueFrom;
    this.#valueBytes = cursor.valueBytes;
    this.#headersAt = cursor.headersAt;
  }

  get key(): Uint8Array | null {
    return this.#keyBytes < 0 ? null : this.#bytes.subarray(this.#keyFrom, this.#keyFrom + this.#keyBytes);
  }

  /** null is a tombstone, not the same as empty. */
  get value(): Uint8Array | null {
    return this.#valueBytes < 0 ? null : this.#bytes.subarray(this.#valueFrom, this.#valueFrom + this.#valueBytes);
  }

  /** Bytes of the value; -1 for null. Without making a view. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  get headers(): readonly RecordHeader[] {
    return headersAt(this.#bytes, this.#headersAt);
  }
}

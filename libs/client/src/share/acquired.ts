import { ApiError, type Compression, type Crc32c } from '@trunkline/kernel';
import { batchesIn, type LogRecord, type RecordBatch } from '@trunkline/records';
import { KafkaError, type KafkaErrorName } from '../error.js';
import { ACKNOWLEDGE } from './share-record.js';

/** Offsets that were acquired together, both ends included. */
export interface AcquiredRange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryCount: number;
}

export interface AcquiredOptions {
  readonly crc32c: Crc32c | undefined;
  readonly compression: Compression | undefined;
  readonly batchBytesMax: number;
}

/** Told of offsets that hold no record for the caller: gaps, or what cannot be read and is handed back. */
export type Skipped = (firstOffset: number, lastOffset: number, type: number) => void;

/**
 * The acquired ranges of an answer as numbers in order. Throws KafkaError PROTOCOL_VIOLATION for what no broker may say:
 * ends before beginnings, ranges that overlap or go back, offsets that no log can have.
 */
export function acquiredRanges(
  ranges: readonly { readonly firstOffset: bigint; readonly lastOffset: bigint; readonly deliveryCount: number }[],
  about: string,
): readonly AcquiredRange[] {
  let next = 0;
  return ranges.map(({ firstOffset, lastOffset, deliveryCount }) => {
    const range = { firstOffset: Number(firstOffset), lastOffset: Number(lastOffset), deliveryCount };
    const fits = range.firstOffset >= next && range.lastOffset >= range.firstOffset;
    if (!fits || !Number.isSafeInteger(range.lastOffset)) {
      const detail = `acquired records from ${firstOffset} to ${lastOffset}, behind those up to ${next - 1}`;
      throw new KafkaError('PROTOCOL_VIOLATION', detail, { about });
    }
    next = range.lastOffset + 1;
    return range;
  });
}

/**
 * Walks what a broker sent for one partition, and gives the records that were acquired, a few at a time.
 *
 * Nothing is decompressed or decoded before it is asked for. Acquired offsets without a record (control batches, what
 * compaction took) are told as gaps; those of a batch that cannot be read are handed back, so that they are tried again
 * until the group's delivery limit ends it.
 */
export class AcquiredRecords {
  readonly #batches: Iterator<RecordBatch>;
  #records: Iterator<LogRecord> | undefined;
  /** The end of the batch that is read, so that a failure in it is told of what it covers. */
  #batchEnd = -1;
  #range = 0;
  /** The first acquired offset of which nothing was told. */
  #next: number;
  #ended = false;

  constructor(
    records: Uint8Array,
    readonly ranges: readonly AcquiredRange[],
    readonly options: AcquiredOptions,
    readonly skipped: Skipped,
  ) {
    this.#batches = batchesIn(records);
    this.#next = ranges[0]?.firstOffset ?? 0;
    this.#ended = ranges.length === 0;
  }

  get isDone(): boolean {
    return this.#ended;
  }

  /** The next record with its delivery count; undefined: that was the last. Throws KafkaError for a batch that cannot be read. */
  next(): { readonly record: LogRecord; readonly deliveryCount: number } | undefined {
    while (!this.#ended) {
      const record = this.#nextRecord();
      if (record === undefined) {
        this.#pass(Infinity, ACKNOWLEDGE.gap);
        return undefined;
      }
      const { offset } = record;
      if (offset < this.#next) continue;
      this.#pass(offset, ACKNOWLEDGE.gap);
      const range = this.ranges[this.#range];
      if (range === undefined || offset !== this.#next) continue;
      this.#advance(offset + 1);
      return { record, deliveryCount: range.deliveryCount };
    }
    return undefined;
  }

  /** Hands back all that was not given out. */
  release(): void {
    this.#pass(Infinity, ACKNOWLEDGE.release);
  }

  /** Tells the acquired offsets below `until` as `type`. */
  #pass(until: number, type: number): void {
    for (let range = this.ranges[this.#range]; range !== undefined; range = this.ranges[this.#range]) {
      if (range.firstOffset >= until || this.#next >= until) return;
      const last = Math.min(range.lastOffset, until - 1);
      this.skipped(this.#next, last, type);
      this.#advance(last + 1);
    }
    this.#ended = true;
  }

  #advance(next: number): void {
    const range = this.ranges[this.#range]!;
    this.#next = next;
    if (next <= range.lastOffset) return;
    const following = this.ranges[++this.#range];
    if (following === undefined) this.#ended = true;
    else this.#next = following.firstOffset;
  }

  #nextRecord(): LogRecord | undefined {
    for (;;) {
      try {
        const record = this.#records?.next();
        if (record !== undefined && record.done !== true) return record.value;
        if (!this.#openBatch()) return undefined;
      } catch (reason) {
        this.#records = undefined;
        const from = this.#next;
        // Without a batch header nobody knows where the next batch would be.
        this.#pass(this.#batchEnd < 0 ? Infinity : this.#batchEnd + 1, ACKNOWLEDGE.release);
        throw unreadable(reason, from);
      }
    }
  }

  /** Opens the next batch that may hold acquired records; false: there is none. */
  #openBatch(): boolean {
    this.#batchEnd = -1;
    const batch = this.#batches.next();
    this.#records = undefined;
    if (batch.done === true) return false;
    const { isControl, lastOffset } = batch.value;
    if (isControl || lastOffset < this.#next) return true;
    this.#batchEnd = lastOffset;
    const { crc32c, compression, batchBytesMax } = this.options;
    if (crc32c !== undefined && !batch.value.checksumHolds(crc32c)) {
      throw new ApiError('CORRUPT_MESSAGE', 'the checksum of a batch does not hold');
    }
    this.#records = batch.value.records(compression, batchBytesMax);
    return true;
  }
}

function unreadable(reason: unknown, offset: number): KafkaError {
  const code = reason instanceof ApiError ? (reason.code as KafkaErrorName) : 'CORRUPT_MESSAGE';
  const detail = reason instanceof Error ? reason.message : String(reason);
  return new KafkaError(code, `the batch at offset ${offset} cannot be read: ${detail}`, {
    cause: reason,
    advice: 'its records were released, for another try here or elsewhere, until the group’s delivery limit',
  });
}

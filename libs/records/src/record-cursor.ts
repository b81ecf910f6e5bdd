import { ApiError, type Offset } from '@trunkline/kernel';
import { headerNameAt } from './header-names.js';
import type { RecordBatch } from './record-batch.js';
import type { RecordHeader } from './record.js';
import { VarintReader } from './varint.js';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * Walks over a batch's records without making an object for each: after `next` said true, the fields tell where the
 * record's parts stand in `bytes`. For readers of many records; {@link RecordBatch.records} is for all others.
 *
 * Each record is checked whole before it is shown, headers included, so that views on it cannot fail later. Varints of
 * one byte, nearly all of them, are read in place.
 */
export class RecordCursor {
  offset = -1 as Offset;
  /** Milliseconds since 1970; -1 means none. In a `LogAppendTime` batch the batch's `maxTimestamp`. */
  timestampMs = -1;
  keyFrom = 0;
  /** Negative: null. */
  keyBytes = -1;
  valueFrom = 0;
  /** Negative: null, a tombstone. */
  valueBytes = -1;
  /** Where the number of headers stands. */
  headersAt = 0;
  /** Records that `next` has not shown yet. */
  left: number;
  readonly #reader: VarintReader;
  readonly #baseOffset: number;
  readonly #lastDelta: number;
  readonly #baseTimestamp: number;
  readonly #appendTimeMs: number;
  readonly #isAppendTime: boolean;
  #delta = -1;
  #at = 0;

  /** `bytes` are the records of `batch` as {@link RecordBatch.recordBytes} gives them. */
  constructor(
    batch: RecordBatch,
    readonly bytes: Uint8Array,
  ) {
    this.left = batch.recordCount;
    this.#reader = new VarintReader(bytes, 0, bytes.byteLength);
    this.#baseOffset = batch.baseOffset;
    this.#lastDelta = batch.lastOffsetDelta;
    this.#baseTimestamp = batch.baseTimestamp;
    this.#isAppendTime = batch.timestampType === 'LogAppendTime';
    this.#appendTimeMs = this.#isAppendTime ? batch.maxTimestamp : -1;
  }

  /**
   * Goes to the next record; false behind the last. Throws ApiError CORRUPT_MESSAGE for a record that is not well formed,
   * for offsets that do not rise or leave the batch, and for bytes behind the last record.
   */
  next(): boolean {
    const { bytes } = this;
    const reader = this.#reader;
    let at = this.#at;
    if (this.left <= 0) {
      if (at !== bytes.byteLength) throw corrupt(`${bytes.byteLength - at} bytes follow the last record`);
      return false;
    }
    let size = bytes[at++]!;
    if (size < 0x80) size = (size >>> 1) ^ -(size & 1);
    else {
      size = reader.varintAt(at - 1);
      at = reader.at;
    }
    const end = at + size;
    if (!(size > 0 && end <= bytes.byteLength)) throw corrupt(`a record's size ${size} leaves the batch`);
    at += 1; // Attributes: no bit of them means anything yet.
    let timestamp = bytes[at++]!;
    if (timestamp < 0x80) timestamp = (timestamp >>> 1) ^ -(timestamp & 1);
    else {
      timestamp = reader.varlongAt(at - 1);
      at = reader.at;
    }
    let delta = bytes[at++]!;
    if (delta < 0x80) delta = (delta >>> 1) ^ -(delta & 1);
    else {
      delta = reader.varintAt(at - 1);
      at = reader.at;
    }
    let keyBytes = bytes[at++]!;
    if (keyBytes < 0x80) keyBytes = (keyBytes >>> 1) ^ -(keyBytes & 1);
    else {
      keyBytes = reader.varintAt(at - 1);
      at = reader.at;
    }
    this.keyFrom = at;
    if (keyBytes > 0) at += keyBytes;
    let valueBytes = bytes[at++]!;
    if (valueBytes < 0x80) valueBytes = (valueBytes >>> 1) ^ -(valueBytes & 1);
    else {
      valueBytes = reader.varintAt(at - 1);
      at = reader.at;
    }
    this.valueFrom = at;
    if (valueBytes > 0) at += valueBytes;
    this.headersAt = at;
    at = bytes[at] === 0 ? at + 1 : skipHeaders(reader, at, end);
    if (at !== end) throw corrupt('the fields of a record do not fill it');
    if (delta <= this.#delta || delta > this.#lastDelta) throw corrupt(`offset delta ${delta} after ${this.#delta}`);
    this.offset = (this.#baseOffset + delta) as Offset;
    this.timestampMs = this.#isAppendTime ? this.#appendTimeMs : this.#baseTimestamp + timestamp;
    this.keyBytes = keyBytes;
    this.valueBytes = valueBytes;
    this.#delta = delta;
    this.#at = end;
    this.left -= 1;
    return true;
  }

  get key(): Uint8Array | null {
    return this.keyBytes < 0 ? null : this.bytes.subarray(this.keyFrom, this.keyFrom + this.keyBytes);
  }

  get value(): Uint8Array | null {
    return this.valueBytes < 0 ? null : this.bytes.subarray(this.valueFrom, this.valueFrom + this.valueBytes);
  }
}

/** The headers that stand at `headersAt` of a {@link RecordCursor}. */
export function headersAt(bytes: Uint8Array, at: number): readonly RecordHeader[] {
  if (bytes[at] === 0) return NO_HEADERS;
  const reader = new VarintReader(bytes, at, bytes.byteLength);
  const headers: RecordHeader[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const length = Math.max(0, reader.varint());
    const from = reader.at;
    reader.at = from + length;
    headers.push({ key: headerNameAt(bytes, from, reader.at), value: bytesOf(reader) });
  }
  return headers;
}

function bytesOf(reader: VarintReader): Uint8Array | null {
  const length = reader.varint();
  if (length < 0) return null;
  const from = reader.at;
  reader.at = from + length;
  return reader.bytes.subarray(from, reader.at);
}

/** Returns where the headers end. */
function skipHeaders(reader: VarintReader, at: number, end: number): number {
  const count = reader.varintAt(at);
  if (count < 0 || count > (end - reader.at) / 2) throw corrupt(`${count} headers cannot be in a record`);
  for (let header = 0; header < count; header++) {
    const keyBytes = reader.varint();
    if (keyBytes < 0) throw corrupt('a header without a key');
    reader.at += keyBytes;
    const valueBytes = reader.varint();
    if (valueBytes > 0) reader.at += valueBytes;
    if (reader.at > end) throw corrupt('the headers of a record leave it');
  }
  return reader.at;
}

function corrupt(why: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', why);
}

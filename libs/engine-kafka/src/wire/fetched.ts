import { type Compression, type CompressionType, COMPRESSION_TYPES } from '@trunkline/kernel';
import { Cursor, Truncated } from './cursor.js';
import { BATCH_HEADER_BYTES } from './record-batch.js';

/** A record as it was read; key, value and headers are views on the answer. */
export interface FetchedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyMap<string, Uint8Array>;
}

/** What an answer held of one partition. */
export interface FetchedRecords {
  readonly records: FetchedRecord[];
  /** Where the next fetch begins: behind the last whole batch, whether or not it had records for us. */
  readonly nextOffset: number;
}

/** A batch may not grow beyond this when it is decompressed, bytes. */
export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;
/** Headers kept of a record; the rest of a longer list is dropped, so that no message can stop its partition. */
const HEADERS_MAX = 1_000;
const CONTROL = 0x20;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TYPES = new Map<number, CompressionType>(
  Object.entries(COMPRESSION_TYPES).map(([type, code]) => [code, type as CompressionType]),
);

/**
 * The records of whole batches from `from` on. A batch that was cut off at the end is left for the next fetch; control
 * batches are stepped over.
 */
export function readRecords(bytes: Buffer, from: number, compression: Compression): FetchedRecords {
  const records: FetchedRecord[] = [];
  let nextOffset = from;
  for (let at = 0; bytes.length - at >= BATCH_HEADER_BYTES;) {
    const length = bytes.readInt32BE(at + 8) + 12;
    if (length < BATCH_HEADER_BYTES) throw new Truncated(`a batch of ${length} bytes`);
    if (length > bytes.length - at) break;
    if (bytes[at + 16] !== 2) throw new Truncated(`a batch in format ${bytes[at + 16]}`);
    const batch = new Cursor(bytes, at, at + length);
    nextOffset = Math.max(nextOffset, readBatch(batch, from, records, compression));
    at += length;
  }
  return { records, nextOffset };
}

function readBatch(batch: Cursor, from: number, into: FetchedRecord[], compression: Compression): number {
  const baseOffset = batch.int64();
  batch.skip(13);
  const attributes = batch.int16();
  const nextOffset = baseOffset + batch.int32() + 1;
  const baseTimestamp = batch.int64();
  const maxTimestamp = batch.int64();
  batch.skip(14);
  const count = batch.int32();
  if ((attributes & CONTROL) !== 0 || nextOffset <= from) return nextOffset;
  const records = plain(batch, attributes & COMPRESSION_MASK, compression);
  const stampedByLog = (attributes & LOG_APPEND_TIME) !== 0;
  for (let left = count; left > 0; left--) {
    const length = records.varint();
    const end = records.at + length;
    records.skip(1);
    const timestampMs = baseTimestamp + records.varint();
    const offset = baseOffset + records.varint();
    if (offset >= from) into.push(record(records, offset, stampedByLog ? maxTimestamp : timestampMs));
    records.at = end;
  }
  return nextOffset;
}

function plain(batch: Cursor, code: number, compression: Compression): Cursor {
  if (code === 0) return batch;
  const type = TYPES.get(code);
  if (type === undefined || type === 'none') throw new Truncated(`a batch in compression ${code}`);
  const packed = batch.bytes.subarray(batch.at, batch.end);
  const bytes = compression.decompress(type, packed, DECOMPRESSED_BYTES_MAX);
  return new Cursor(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

const NO_HEADERS: ReadonlyMap<string, Uint8Array> = new Map();
const NO_BYTES = Buffer.alloc(0);

function record(cursor: Cursor, offset: number, timestampMs: number): FetchedRecord {
  const key = cursor.view(cursor.varint());
  const value = cursor.view(cursor.varint());
  const count = cursor.varint();
  if (count === 0) return { offset, timestampMs, key, value, headers: NO_HEADERS };
  const headers = new Map<string, Uint8Array>();
  for (let left = Math.min(count, HEADERS_MAX); left > 0; left--) {
    const name = cursor.view(cursor.varint()) ?? NO_BYTES;
    headers.set(name.toString('utf8'), cursor.view(cursor.varint()) ?? NO_BYTES);
  }
  return { offset, timestampMs, key, value, headers };
}

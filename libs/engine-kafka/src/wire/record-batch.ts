import type { Crc32c } from '@trunkline/kernel';
import { sizeOfVarint, writeVarint } from './varint.js';

/** Bytes of a batch before its first record (record batch format v2). */
export const BATCH_HEADER_BYTES = 61;

/** A record to be written. */
export interface NewRecord {
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyMap<string, Uint8Array>;
}

/** Who writes a batch, for the broker's duplicate detection (KIP-98). */
export interface ProducerStamp {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Bytes of a record inside a batch, at most. Cheap: header names are ASCII. */
export function recordBytesMax({ key, value, headers }: NewRecord): number {
  let size = 32 + (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
  for (const [name, bytes] of headers) size += name.length * 3 + bytes.byteLength + 10;
  return size;
}

/** Bytes that {@link writeBatch} takes for these records, at most. */
export function batchBytesMax(records: readonly NewRecord[]): number {
  let size = BATCH_HEADER_BYTES;
  for (const record of records) size += recordBytesMax(record);
  return size;
}

/** Writes one uncompressed batch, all records with the same timestamp; returns the place behind it. */
export function writeBatch(
  bytes: Buffer,
  start: number,
  records: readonly NewRecord[],
  timestampMs: number,
  stamp: ProducerStamp,
  crc32c: Crc32c,
): number {
  let at = start + BATCH_HEADER_BYTES;
  for (let index = 0; index < records.length; index++) at = writeRecord(bytes, at, records[index]!, index);
  bytes.writeBigInt64BE(0n, start);
  bytes.writeInt32BE(at - start - 12, start + 8);
  bytes.writeInt32BE(-1, start + 12);
  bytes[start + 16] = 2;
  bytes.writeInt16BE(0, start + 21);
  bytes.writeInt32BE(records.length - 1, start + 23);
  bytes.writeBigInt64BE(BigInt(timestampMs), start + 27);
  bytes.writeBigInt64BE(BigInt(timestampMs), start + 35);
  bytes.writeBigInt64BE(stamp.producerId, start + 43);
  bytes.writeInt16BE(stamp.producerEpoch, start + 51);
  bytes.writeInt32BE(stamp.baseSequence, start + 53);
  bytes.writeInt32BE(records.length, start + 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(start + 21, at)), start + 17);
  return at;
}

function writeRecord(bytes: Buffer, start: number, record: NewRecord, offsetDelta: number): number {
  const { key, value, headers } = record;
  let size = 2 + sizeOfVarint(offsetDelta) + sizeOfField(key) + sizeOfField(value) + sizeOfVarint(headers.size);
  for (const [name, header] of headers) {
    const nameBytes = Buffer.byteLength(name);
    size += sizeOfVarint(nameBytes) + nameBytes + sizeOfField(header);
  }
  let at = writeVarint(bytes, start, size);
  bytes[at++] = 0; // attributes
  bytes[at++] = 0; // timestamp delta
  at = writeVarint(bytes, at, offsetDelta);
  at = writeField(bytes, at, key);
  at = writeField(bytes, at, value);
  at = writeVarint(bytes, at, headers.size);
  for (const [name, header] of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(name));
    at += bytes.write(name, at);
    at = writeField(bytes, at, header);
  }
  return at;
}

function sizeOfField(field: Uint8Array | null | undefined): number {
  if (field === null || field === undefined) return 1;
  return sizeOfVarint(field.byteLength) + field.byteLength;
}

function writeField(bytes: Buffer, at: number, field: Uint8Array | null | undefined): number {
  if (field === null || field === undefined) return writeVarint(bytes, at, -1);
  const from = writeVarint(bytes, at, field.byteLength);
  bytes.set(field, from);
  return from + field.byteLength;
}

import { type Compression, COMPRESSION_TYPES, type CompressionType, type Crc32c, EMPTY_BYTES } from '@trunkline/kernel';
import type { BatchSlab } from './batch-slab.js';
import { writeBigInt64, writeInt16, writeInt32, writeInt64 } from './big-endian.js';
import { headerNameBytes } from './header-names.js';
import type { RecordHeader } from './record.js';
import { ATTRIBUTES, BATCH, BATCH_HEADER_BYTES, LOG_OVERHEAD_BYTES, MAGIC } from './record-batch.js';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.js';

/** A record to be written. What is left out is null, or empty for headers. */
export interface NewRecord {
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since 1970; left out: -1, none. */
  readonly timestampMs?: number;
  /** Left out: the record's place in the batch. Only a compacted batch has gaps. */
  readonly offsetDelta?: number;
}

export interface BatchOptions {
  readonly crc32c: Crc32c;
  /** Default `none`; the others need `codecs`. */
  readonly compression?: CompressionType;
  readonly codecs?: Compression;
  /** Default 0: the log assigns it. */
  readonly baseOffset?: number;
  /** Default -1: the log assigns it. */
  readonly leaderEpoch?: number;
  /** Default -1n: neither idempotent nor transactional. */
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  /** Given: a batch of `LogAppendTime`, as a log would have stamped it. */
  readonly appendTimeMs?: number;
  /** Default: the last record's offset delta. */
  readonly lastOffsetDelta?: number;
  /** Given: where small batches take their memory from. */
  readonly slab?: BatchSlab;
}

/** Who writes a batch, and the sequence of its first record (KIP-98). */
export interface ProducerStamp {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const INITIAL_BYTES = 512;
/** Size, attributes, time, place, the lengths of key and value, the count of headers. */
const RECORD_OVERHEAD_BYTES_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD_BYTES_MAX = 10;
const UTF8_BYTES_MAX = 3;
const NO_HEADERS: readonly RecordHeader[] = [];
const NO_NAMES: readonly Uint8Array[] = [];

/** Gathers records and writes them as one batch. Use it once: `build` ends it. */
export class BatchBuilder {
  #bytes: Uint8Array<ArrayBuffer>;
  #end: number = BATCH_HEADER_BYTES;
  #count = 0;
  #baseTimestamp = -1;
  #maxTimestamp = -1;
  #lastOffsetDelta = -1;

  constructor(private readonly options: BatchOptions) {
    this.#bytes = options.slab?.take(INITIAL_BYTES) ?? new Uint8Array(INITIAL_BYTES);
  }

  get recordCount(): number {
    return this.#count;
  }

  /** Bytes of the batch so far, before compression. */
  get sizeBytes(): number {
    return this.#end;
  }

  add({ key, value, headers, timestampMs, offsetDelta }: NewRecord): this {
    this.append(key ?? null, value ?? null, headers ?? NO_HEADERS, timestampMs ?? -1, offsetDelta ?? this.#count);
    return this;
  }

  /** As `add`, for hot paths: nothing is allocated for a record without headers. */
  append(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    timestampMs: number,
    offsetDelta: number = this.#count,
  ): void {
    if (this.#count === 0) this.#baseTimestamp = timestampMs;
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs;
    this.#lastOffsetDelta = offsetDelta;
    const names = headers.length === 0 ? NO_NAMES : headers.map((header) => headerNameBytes(header.key));
    this.#write(key, value, headers, names, timestampMs - this.#baseTimestamp);
    this.#count += 1;
  }

  /** The batch's bytes, with its checksum. They belong to the caller. A stamp stands in for that of the options. */
  build(stamp: Partial<ProducerStamp> = this.options): Uint8Array {
    const type = this.options.compression ?? 'none';
    let batch = this.options.slab?.keep(this.#bytes, this.#end) ?? this.#bytes.subarray(0, this.#end);
    if (type !== 'none') {
      const codecs = this.options.codecs;
      if (codecs === undefined) throw new TypeError(`a batch in ${type} needs codecs`);
      const packed = codecs.compress(type, batch.subarray(BATCH.records));
      batch = new Uint8Array(BATCH_HEADER_BYTES + packed.byteLength);
      batch.set(packed, BATCH.records);
    }
    this.#writeHeader(batch, COMPRESSION_TYPES[type], stamp);
    return batch;
  }

  #writeHeader(batch: Uint8Array, compression: number, stamp: Partial<ProducerStamp>): void {
    const { options } = this;
    let attributes = compression;
    if (options.appendTimeMs !== undefined) attributes |= ATTRIBUTES.logAppendTime;
    if (options.isTransactional === true) attributes |= ATTRIBUTES.transactional;
    if (options.isControl === true) attributes |= ATTRIBUTES.control;
    writeInt64(batch, BATCH.baseOffset, options.baseOffset ?? 0);
    writeInt32(batch, BATCH.length, batch.byteLength - LOG_OVERHEAD_BYTES);
    writeInt32(batch, BATCH.leaderEpoch, options.leaderEpoch ?? -1);
    batch[BATCH.magic] = MAGIC;
    writeInt16(batch, BATCH.attributes, attributes);
    writeInt32(batch, BATCH.lastOffsetDelta, options.lastOffsetDelta ?? this.#lastOffsetDelta);
    writeInt64(batch, BATCH.baseTimestamp, this.#baseTimestamp);
    writeInt64(batch, BATCH.maxTimestamp, options.appendTimeMs ?? this.#maxTimestamp);
    writeInt32(batch, BATCH.recordCount, this.#count);
    writeStamp(batch, stamp.producerId ?? -1n, stamp.producerEpoch ?? -1, stamp.baseSequence ?? -1);
    writeInt32(batch, BATCH.checksum, options.crc32c(batch.subarray(BATCH.attributes)) | 0);
  }

  #write(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    names: readonly Uint8Array[],
    timestampDelta: number,
  ): void {
    const offsetDelta = this.#lastOffsetDelta;
    let size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta);
    size += sizeOfField(key) + sizeOfField(value) + sizeOfVarint(names.length);
    for (let at = 0; at < names.length; at++) size += sizeOfField(names[at]!) + sizeOfField(headers[at]!.value);
    const bytes = this.#grown(sizeOfVarint(size) + size);
    let at = writeVarint(bytes, this.#end, size);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, offsetDelta);
    at = writeField(bytes, at, key);
    at = writeField(bytes, at, value);
    at = writeVarint(bytes, at, names.length);
    for (let header = 0; header < names.length; header++) {
      at = writeField(bytes, writeField(bytes, at, names[header]!), headers[header]!.value);
    }
    this.#end = at;
  }

  #grown(more: number): Uint8Array {
    if (this.#bytes.byteLength - this.#end < more) {
      const length = Math.max(this.#bytes.byteLength * 2, this.#end + more);
      const larger = this.options.slab?.take(length) ?? new Uint8Array(length);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** The same batch under another stamp, as new bytes: the old ones may still wait in a socket's queue. No record is read. */
export function restamped(batch: Uint8Array, stamp: ProducerStamp, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(batch);
  writeStamp(bytes, stamp.producerId, stamp.producerEpoch, stamp.baseSequence);
  writeInt32(bytes, BATCH.checksum, crc32c(bytes.subarray(BATCH.attributes)) | 0);
  return bytes;
}

function writeStamp(batch: Uint8Array, producerId: bigint, producerEpoch: number, baseSequence: number): void {
  writeBigInt64(batch, BATCH.producerId, producerId);
  writeInt16(batch, BATCH.producerEpoch, producerEpoch);
  writeInt32(batch, BATCH.baseSequence, baseSequence);
}

/** The most bytes that a record can take in a batch, its place and time whatever they are. */
export function recordBytesMax(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  let bytes = RECORD_OVERHEAD_BYTES_MAX + (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
  for (let at = 0; at < headers.length; at++) {
    const header = headers[at]!;
    bytes += HEADER_OVERHEAD_BYTES_MAX + header.key.length * UTF8_BYTES_MAX + (header.value?.byteLength ?? 0);
  }
  return bytes;
}

/** One batch of these records. Not for hot paths of the broker, which never writes records anew. */
export function buildBatch(records: readonly NewRecord[], options: BatchOptions): Uint8Array {
  const builder = new BatchBuilder(options);
  for (const record of records) builder.add(record);
  return builder.build();
}

function sizeOfField(field: Uint8Array | null | undefined): number {
  if (field === null || field === undefined) return 1;
  return sizeOfVarint(field.byteLength) + field.byteLength;
}

function writeField(bytes: Uint8Array, at: number, field: Uint8Array | null | undefined): number {
  if (field === null || field === undefined) return writeVarint(bytes, at, -1);
  const from = writeVarint(bytes, at, field.byteLength);
  bytes.set(field.byteLength === 0 ? EMPTY_BYTES : field, from);
  return from + field.byteLength;
}

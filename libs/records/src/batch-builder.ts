import {
  type Compression,
  COMPRESSION_TYPES,
  type CompressionType,
  type Crc32c,
  EMPTY_BYTES,
  utf8,
} from '@trunkline/kernel';
import { writeBigInt64, writeInt16, writeInt32, writeInt64 } from './big-endian.js';
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
}

const INITIAL_BYTES = 512;

/** Gathers records and writes them as one batch. Use it once: `build` ends it. */
export class BatchBuilder {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #end: number = BATCH_HEADER_BYTES;
  #count = 0;
  #baseTimestamp = -1;
  #maxTimestamp = -1;
  #lastOffsetDelta = -1;

  constructor(private readonly options: BatchOptions) {}

  get recordCount(): number {
    return this.#count;
  }

  /** Bytes of the batch so far, before compression. */
  get sizeBytes(): number {
    return this.#end;
  }

  add(record: NewRecord): this {
    const timestampMs = record.timestampMs ?? -1;
    if (this.#count === 0) this.#baseTimestamp = timestampMs;
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs;
    this.#lastOffsetDelta = record.offsetDelta ?? this.#count;
    this.#write(record, timestampMs - this.#baseTimestamp, this.#lastOffsetDelta);
    this.#count += 1;
    return this;
  }

  /** The batch's bytes, with its checksum. They belong to the caller. */
  build(): Uint8Array {
    const type = this.options.compression ?? 'none';
    let batch = this.#bytes.subarray(0, this.#end);
    if (type !== 'none') {
      const codecs = this.options.codecs;
      if (codecs === undefined) throw new TypeError(`a batch in ${type} needs codecs`);
      const packed = codecs.compress(type, batch.subarray(BATCH.records));
      batch = new Uint8Array(BATCH_HEADER_BYTES + packed.byteLength);
      batch.set(packed, BATCH.records);
    }
    this.#writeHeader(batch, COMPRESSION_TYPES[type]);
    return batch;
  }

  #writeHeader(batch: Uint8Array, compression: number): void {
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
    writeBigInt64(batch, BATCH.producerId, options.producerId ?? -1n);
    writeInt16(batch, BATCH.producerEpoch, options.producerEpoch ?? -1);
    writeInt32(batch, BATCH.baseSequence, options.baseSequence ?? -1);
    writeInt32(batch, BATCH.recordCount, this.#count);
    writeInt32(batch, BATCH.checksum, options.crc32c(batch.subarray(BATCH.attributes)) | 0);
  }

  #write(record: NewRecord, timestampDelta: number, offsetDelta: number): void {
    const headers = (record.headers ?? []).map(({ key, value }) => ({ key: utf8(key), value }));
    let size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta);
    size += sizeOfField(record.key) + sizeOfField(record.value) + sizeOfVarint(headers.length);
    for (const { key, value } of headers) size += sizeOfField(key) + sizeOfField(value);
    const bytes = this.#grown(sizeOfVarint(size) + size);
    let at = writeVarint(bytes, this.#end, size);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, offsetDelta);
    at = writeField(bytes, at, record.key);
    at = writeField(bytes, at, record.value);
    at = writeVarint(bytes, at, headers.length);
    for (const { key, value } of headers) at = writeField(bytes, writeField(bytes, at, key), value);
    this.#end = at;
  }

  #grown(more: number): Uint8Array {
    if (this.#bytes.byteLength - this.#end < more) {
      const larger = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#end + more));
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
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

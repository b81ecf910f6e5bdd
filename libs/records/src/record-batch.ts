import {
  ApiError,
  type Compression,
  type CompressionType,
  type Crc32c,
  type Epoch,
  type Offset,
} from '@trunkline/kernel';
import { readBigInt64, readInt16, readInt32, readInt64, readUint32, writeInt32, writeInt64 } from './big-endian.js';
import { type LogRecord, readRecords } from './record.js';

/** Where the fields of a v2 batch stand (KIP-98). The checksum covers everything from `attributes` on. */
export const BATCH = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** Bytes of offset and length, before what the length counts. */
export const LOG_OVERHEAD_BYTES = 12;
/** Bytes of a batch without records. */
export const BATCH_HEADER_BYTES = 61;
/** The one format there is since Kafka 4. */
export const MAGIC = 2;
/** What a batch may grow to when its records are asked for: a compressed bomb ends here. */
export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

export const ATTRIBUTES = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

const COMPRESSION_NAMES: readonly (CompressionType | undefined)[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const SEQUENCES = 0x8000_0000;

/**
 * A record batch as a view over its bytes: nothing is copied, and no record is decoded until somebody asks for one.
 *
 * Not promised: that the checksum holds (ask {@link checksumHolds}) or that the records inside are well formed (reading
 * them throws CORRUPT_MESSAGE). Offsets beyond 2^53 are rounded; no log of ours can hold them.
 */
export class RecordBatch {
  private constructor(readonly bytes: Uint8Array) {}

  /**
   * The batch that begins at `at`; bytes behind its end are left out. Throws ApiError CORRUPT_MESSAGE when the bytes
   * are fewer than the length says, the length is less than a header, or the magic is not 2.
   */
  static parse(bytes: Uint8Array, at = 0): RecordBatch {
    const left = bytes.byteLength - at;
    if (left < BATCH_HEADER_BYTES)
      throw corrupt(`${left} bytes are less than the ${BATCH_HEADER_BYTES} of a batch header`);
    const magic = bytes[at + BATCH.magic]!;
    if (magic !== MAGIC) throw corrupt(`magic ${magic} at byte ${at}; only ${MAGIC} is known`);
    const size = readInt32(bytes, at + BATCH.length) + LOG_OVERHEAD_BYTES;
    if (size < BATCH_HEADER_BYTES || size > left)
      throw corrupt(`a batch of ${size} bytes at byte ${at}, ${left} are there`);
    return new RecordBatch(size === bytes.byteLength ? bytes : bytes.subarray(at, at + size));
  }

  get sizeBytes(): number {
    return this.bytes.byteLength;
  }
  get baseOffset(): Offset {
    return readInt64(this.bytes, BATCH.baseOffset) as Offset;
  }
  get lastOffsetDelta(): number {
    return readInt32(this.bytes, BATCH.lastOffsetDelta);
  }
  /** The last offset that the batch stands for; after compaction there may be no record with it. */
  get lastOffset(): Offset {
    return (this.baseOffset + this.lastOffsetDelta) as Offset;
  }
  get nextOffset(): Offset {
    return (this.baseOffset + this.lastOffsetDelta + 1) as Offset;
  }
  get leaderEpoch(): Epoch {
    return readInt32(this.bytes, BATCH.leaderEpoch) as Epoch;
  }
  get magic(): number {
    return this.bytes[BATCH.magic]!;
  }
  /** CRC-32C as it stands in the batch. */
  get checksum(): number {
    return readUint32(this.bytes, BATCH.checksum);
  }
  get attributes(): number {
    return readInt16(this.bytes, BATCH.attributes);
  }
  /** Throws ApiError UNSUPPORTED_COMPRESSION_TYPE for a codec that nobody has defined. */
  get compression(): CompressionType {
    const id = this.bytes[BATCH.attributes + 1]! & ATTRIBUTES.compression;
    const name = COMPRESSION_NAMES[id];
    if (name === undefined)
      throw new ApiError('UNSUPPORTED_COMPRESSION_TYPE', `unknown compression type ${id} in a batch`);
    return name;
  }
  get isCompressed(): boolean {
    return (this.bytes[BATCH.attributes + 1]! & ATTRIBUTES.compression) !== 0;
  }
  get timestampType(): 'CreateTime' | 'LogAppendTime' {
    return this.#has(ATTRIBUTES.logAppendTime) ? 'LogAppendTime' : 'CreateTime';
  }
  get isTransactional(): boolean {
    return this.#has(ATTRIBUTES.transactional);
  }
  get isControl(): boolean {
    return this.#has(ATTRIBUTES.control);
  }
  /** When tombstones and markers of a compacted batch may go (KIP-534); it stands where the base timestamp did. */
  get deleteHorizonMs(): number | undefined {
    return this.#has(ATTRIBUTES.deleteHorizon) ? this.baseTimestamp : undefined;
  }
  /** What the records' timestamps count from: the first record's, or the delete horizon. */
  get baseTimestamp(): number {
    return readInt64(this.bytes, BATCH.baseTimestamp);
  }
  get maxTimestamp(): number {
    return readInt64(this.bytes, BATCH.maxTimestamp);
  }
  get producerId(): bigint {
    return readBigInt64(this.bytes, BATCH.producerId);
  }
  /** Whether an idempotent or transactional producer, or its coordinator, wrote it. */
  get hasProducerId(): boolean {
    return readInt32(this.bytes, BATCH.producerId) >= 0;
  }
  get producerEpoch(): number {
    return readInt16(this.bytes, BATCH.producerEpoch);
  }
  get baseSequence(): number {
    return readInt32(this.bytes, BATCH.baseSequence);
  }
  /** Runs over from 2147483647 to 0; -1 when there is no base sequence. */
  get lastSequence(): number {
    const base = this.baseSequence;
    return base < 0 ? -1 : (base + this.lastOffsetDelta) % SEQUENCES;
  }
  /** As the header says it; 0 is possible after compaction. */
  get recordCount(): number {
    return readInt32(this.bytes, BATCH.recordCount);
  }

  /** Sets base offset and leader epoch in place: the checksum covers neither. */
  assign(baseOffset: Offset, leaderEpoch: Epoch): void {
    writeInt64(this.bytes, BATCH.baseOffset, baseOffset);
    writeInt32(this.bytes, BATCH.leaderEpoch, leaderEpoch);
  }

  /** Turns the batch into one of `LogAppendTime`, in place, with a new checksum. */
  stampAppendTime(appendTimeMs: number, crc32c: Crc32c): void {
    this.bytes[BATCH.attributes + 1]! |= ATTRIBUTES.logAppendTime;
    this.setMaxTimestamp(appendTimeMs, crc32c);
  }

  /** Sets the largest timestamp, in place, with a new checksum. */
  setMaxTimestamp(maxTimestampMs: number, crc32c: Crc32c): void {
    writeInt64(this.bytes, BATCH.maxTimestamp, maxTimestampMs);
    writeInt32(this.bytes, BATCH.checksum, crc32c(this.bytes.subarray(BATCH.attributes)) | 0);
  }

  /** Whether the bytes are those that were written. Costs the time of a pass over them. */
  checksumHolds(crc32c: Crc32c): boolean {
    return crc32c(this.bytes.subarray(BATCH.attributes)) === this.checksum;
  }

  /**
   * The records' bytes, decompressed when they must be. Throws ApiError CORRUPT_MESSAGE when they cannot be, and
   * MESSAGE_TOO_LARGE when they would be more than `bytesMax`.
   */
  recordBytes(codecs: Compression | undefined, bytesMax: number = DECOMPRESSED_BYTES_MAX): Uint8Array {
    const stored = this.bytes.subarray(BATCH.records);
    const type = this.compression;
    if (type === 'none') return stored;
    if (codecs === undefined)
      throw new ApiError('UNSUPPORTED_COMPRESSION_TYPE', `a batch in ${type}, and no codec given`);
    try {
      return codecs.decompress(type, stored, bytesMax);
    } catch (reason) {
      throw decompressionFailed(type, bytesMax, reason);
    }
  }

  /** The records, each decoded when it is asked for. A compressed batch is decompressed whole at the first. */
  *records(codecs?: Compression, bytesMax: number = DECOMPRESSED_BYTES_MAX): Generator<LogRecord, void, void> {
    yield* readRecords(this.recordBytes(codecs, bytesMax), this.recordCount, {
      baseOffset: this.baseOffset,
      baseTimestamp: this.baseTimestamp,
      appendTimeMs: this.timestampType === 'LogAppendTime' ? this.maxTimestamp : undefined,
    });
  }

  #has(bit: number): boolean {
    return (this.bytes[BATCH.attributes + 1]! & bit) !== 0;
  }
}

function decompressionFailed(type: CompressionType, bytesMax: number, reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason;
  const tooLarge = reason instanceof Error && Reflect.get(reason, 'code') === 'TOO_LARGE';
  return tooLarge
    ? new ApiError('MESSAGE_TOO_LARGE', `a ${type} batch grows beyond ${bytesMax} bytes`, { cause: reason })
    : corrupt(`a batch that is not valid ${type}`, reason);
}

function corrupt(why: string, cause?: unknown): ApiError {
  return new ApiError('CORRUPT_MESSAGE', why, cause === undefined ? undefined : { cause });
}

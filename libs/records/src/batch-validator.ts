import { ApiError, type Compression, COMPRESSION_TYPES, type CompressionType, type Crc32c } from '@trunkline/kernel';
import { readInt32, writeInt32 } from './big-endian.js';
import { ATTRIBUTES, BATCH, BATCH_HEADER_BYTES, LOG_OVERHEAD_BYTES, MAGIC, RecordBatch } from './record-batch.js';
import { type Walk, walkRecords } from './record-walk.js';

/** A topic's rules for what producers send. Kafka's names in the comments; units in the names. */
export interface ProduceRules {
  /** max.message.bytes: a batch as it is sent */
  readonly messageBytesMax: number;
  /** message.timestamp.type */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  /** message.timestamp.before.max.ms */
  readonly timestampBeforeMaxMs: number;
  /** message.timestamp.after.max.ms */
  readonly timestampAfterMaxMs: number;
  /** cleanup.policy holds `compact`: every record needs a key */
  readonly compacts: boolean;
  /** compression.type; `producer` leaves the bytes as they are */
  readonly compressionType: CompressionType | 'producer';
  /** What a compressed batch may grow to while it is looked at. */
  readonly decompressedBytesMax: number;
  /** Produce 7 and up know zstd. */
  readonly takesZstd: boolean;
}

export interface ProduceWorld {
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  readonly nowMs: number;
}

/** One record that is not taken: its place in the batch, and why. For `RecordErrors` of Produce 8 and up. */
export interface RecordError {
  readonly batchIndex: number;
  readonly message: string;
}

/** A batch that is not taken. `detail` is for `ErrorMessage`; without `recordErrors` the batch as a whole is meant. */
export class BatchRefused extends ApiError {
  constructor(
    code: string,
    detail: string,
    readonly recordErrors: readonly RecordError[] = [],
    options?: ErrorOptions,
  ) {
    super(code, detail, options);
    this.name = 'BatchRefused';
  }
}

/** What a producer sent is not one batch that its request may carry: told before the log is asked anything. */
export class RequestRefused extends BatchRefused {}

/** Bytes of a batch up to its magic: with fewer nobody can say what it is. */
const TELLING_BYTES = 17;
/** The smallest message of the old formats; a smaller size is no size. */
const SIZE_MIN = 14;

/**
 * Judges what a producer sent for one partition, and returns the one batch that may be appended, as a view on `bytes`.
 *
 * Changes the bytes in place where the topic wants it (LogAppendTime, a largest timestamp that is not true); makes new
 * ones only when `compression.type` names another codec than the producer’s. Throws ApiError, mostly {@link BatchRefused}:
 * INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE, INVALID_TIMESTAMP.
 */
export function validateProduced(bytes: Uint8Array | null, rules: ProduceRules, world: ProduceWorld): RecordBatch {
  const batch = theOneBatch(bytes);
  const compression = compressionOf(batch, rules);
  checkHeader(batch, rules, world.crc32c);
  const records = recordsOf(batch, rules, world.compression);
  const walk = walkOf(batch, records, rules, world.nowMs);
  refuseRecords(batch, walk, rules);
  const wanted = rules.compressionType === 'producer' ? compression : rules.compressionType;
  const taken = wanted === compression ? batch : recompressed(batch, records, wanted, rules, world.compression);
  if (rules.timestampType === 'LogAppendTime') taken.stampAppendTime(world.nowMs, world.crc32c);
  else if (taken !== batch || walk.maxTimestamp !== batch.maxTimestamp) {
    taken.setMaxTimestamp(walk.maxTimestamp, world.crc32c);
  }
  return taken;
}

/** As Kafka reads it: exactly one whole batch of magic 2; a cut-off one behind it counts as nothing (item 25). */
function theOneBatch(bytes: Uint8Array | null): RecordBatch {
  const size = wholeSizeAt(bytes ?? new Uint8Array(0), 0);
  if (bytes === null || size === undefined)
    throw new RequestRefused('INVALID_RECORD', 'the records hold no whole batch');
  const magic = bytes[BATCH.magic]!;
  if (magic !== MAGIC) throw new RequestRefused('INVALID_RECORD', `a batch of magic ${magic}; only ${MAGIC} is taken`);
  if (size < BATCH_HEADER_BYTES) throw refused('CORRUPT_MESSAGE', `a batch of ${size} bytes is less than its header`);
  if (wholeSizeAt(bytes, size) !== undefined) {
    throw new RequestRefused(
      'INVALID_RECORD',
      'the records hold more than one batch; a request carries one a partition',
    );
  }
  return RecordBatch.parse(bytes);
}

function wholeSizeAt(bytes: Uint8Array, at: number): number | undefined {
  const left = bytes.byteLength - at;
  if (left < LOG_OVERHEAD_BYTES) return undefined;
  const length = readInt32(bytes, at + BATCH.length);
  if (length < SIZE_MIN) throw refused('CORRUPT_MESSAGE', `a batch of length ${length}`);
  if (left < TELLING_BYTES) return undefined;
  const magic = bytes[at + BATCH.magic]!;
  if (magic > MAGIC) throw refused('CORRUPT_MESSAGE', `a batch of magic ${magic}, which nobody has defined`);
  const size = length + LOG_OVERHEAD_BYTES;
  return size > left ? undefined : size;
}

function compressionOf(batch: RecordBatch, { takesZstd }: ProduceRules): CompressionType {
  const type = batch.compression;
  if (type === 'zstd' && !takesZstd) {
    throw new RequestRefused('UNSUPPORTED_COMPRESSION_TYPE', 'zstd is taken from version 7 of Produce on');
  }
  return type;
}

function checkHeader(batch: RecordBatch, { messageBytesMax }: ProduceRules, crc32c: Crc32c): void {
  const { baseOffset, sizeBytes, lastOffsetDelta, recordCount } = batch;
  if (baseOffset !== 0) throw refused('INVALID_RECORD', `the base offset of a new batch is 0, not ${baseOffset}`);
  if (sizeBytes > messageBytesMax) {
    throw refused('MESSAGE_TOO_LARGE', `a batch of ${sizeBytes} bytes; max.message.bytes is ${messageBytesMax}`);
  }
  if (!batch.checksumHolds(crc32c)) throw refused('CORRUPT_MESSAGE', 'the checksum of the batch does not hold');
  if (recordCount <= 0 || lastOffsetDelta + 1 !== recordCount) {
    throw refused('INVALID_RECORD', `${recordCount} records, and a last offset delta of ${lastOffsetDelta}`);
  }
  if (batch.isControl) throw refused('INVALID_RECORD', 'clients may not write control batches');
  if (batch.hasProducerId && batch.baseSequence < 0) {
    throw refused('INVALID_RECORD', `base sequence ${batch.baseSequence} in a batch with a producer id`);
  }
}

function recordsOf(batch: RecordBatch, rules: ProduceRules, codecs: Compression): Uint8Array {
  try {
    return batch.recordBytes(codecs, rules.decompressedBytesMax);
  } catch (reason) {
    // The checksum holds: a retry would bring the same bytes again, so say something that is not retried.
    if (!(reason instanceof ApiError) || reason.code !== 'CORRUPT_MESSAGE') throw reason;
    throw new BatchRefused('INVALID_RECORD', reason.detail, [], { cause: reason });
  }
}

function walkOf(batch: RecordBatch, records: Uint8Array, rules: ProduceRules, nowMs: number): Walk {
  const bounded = rules.timestampType === 'CreateTime';
  try {
    return walkRecords(records, batch.recordCount, batch.baseTimestamp, {
      needsKeys: rules.compacts,
      timestampMin: bounded ? nowMs - rules.timestampBeforeMaxMs : Number.NEGATIVE_INFINITY,
      timestampMax: bounded ? nowMs + rules.timestampAfterMaxMs : Number.POSITIVE_INFINITY,
    });
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    throw new BatchRefused('INVALID_RECORD', reason.detail, [], { cause: reason });
  }
}

function refuseRecords(batch: RecordBatch, { withoutKey, untimely }: Walk, rules: ProduceRules): void {
  if (batch.timestampType === 'LogAppendTime') {
    throw refused('INVALID_TIMESTAMP', 'the append time is the broker’s to set, a producer sends the create time');
  }
  if (withoutKey.length === 0 && untimely.length === 0) return;
  const errors: RecordError[] = withoutKey.map((batchIndex) => ({
    batchIndex,
    message: 'a compacted topic takes no record without a key',
  }));
  for (const { index, timestampMs } of untimely) {
    if (withoutKey.includes(index)) continue;
    const bounds = `${rules.timestampBeforeMaxMs} ms before and ${rules.timestampAfterMaxMs} ms after now`;
    errors.push({ batchIndex: index, message: `timestamp ${timestampMs} is not within ${bounds}` });
  }
  errors.sort((left, right) => left.batchIndex - right.batchIndex);
  const code = untimely.some(({ index }) => !withoutKey.includes(index)) ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD';
  const what = code === 'INVALID_TIMESTAMP' ? 'timestamps out of bounds' : 'records without a key';
  throw new BatchRefused(code, `the batch has ${what}, the first is record ${errors[0]!.batchIndex}`, errors);
}

/** The topic wishes for a codec of its own: the one case in which a batch is written anew. */
function recompressed(
  batch: RecordBatch,
  records: Uint8Array,
  type: CompressionType,
  { messageBytesMax }: ProduceRules,
  codecs: Compression,
): RecordBatch {
  const packed = type === 'none' ? records : codecs.compress(type, records);
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + packed.byteLength);
  bytes.set(batch.bytes.subarray(0, BATCH_HEADER_BYTES));
  bytes.set(packed, BATCH_HEADER_BYTES);
  writeInt32(bytes, BATCH.length, bytes.byteLength - LOG_OVERHEAD_BYTES);
  const attributes = BATCH.attributes + 1;
  bytes[attributes] = (bytes[attributes]! & ~ATTRIBUTES.compression) | COMPRESSION_TYPES[type];
  if (bytes.byteLength > messageBytesMax) {
    throw refused('MESSAGE_TOO_LARGE', `${bytes.byteLength} bytes in ${type}; max.message.bytes is ${messageBytesMax}`);
  }
  return RecordBatch.parse(bytes);
}

function refused(code: string, detail: string): BatchRefused {
  return new BatchRefused(code, detail);
}

import { ApiError, type Crc32c } from '@trunkline/kernel';
import { BATCH_HEADER_BYTES, RecordBatch } from '@trunkline/records';

/** A log's whole and sound batches, and where they end. What follows them is torn. */
export interface Scanned {
  readonly batches: readonly RecordBatch[];
  readonly endOffset: number;
  readonly endByte: number;
}

/** What is known of a log besides its bytes. */
export interface ScanRules {
  /**
   * Several batches may have been written and not synced. Of these a power cut may take one and leave a later one: a
   * sector of zeros **between** sound batches is torn, too, then.
   */
  readonly areSeveralInFlight?: boolean;
  /** No batch is of a later epoch. */
  readonly epochMax?: number | undefined;
}

const SECTOR_BYTES = 512;

/**
 * Reads a metadata log from end to end.
 *
 * Bytes that are no sound batch are torn, and may be cut off, only when they can be the rest of one interrupted write:
 * nothing sound follows them, and they end too early or hold a sector of zeros where the disk never wrote (C57, C58).
 * Throws ApiError CORRUPT_MESSAGE for everything else.
 *
 */
export function scanLog(bytes: Uint8Array, baseOffset: number, crc32c: Crc32c, rules: ScanRules = {}): Scanned {
  const scanned = soundPrefix(bytes, baseOffset, crc32c, rules.epochMax);
  const { endByte, endOffset } = scanned;
  if (endByte === bytes.byteLength) return scanned;
  const next = soundBatchAt(bytes, endByte, crc32c);
  if (next !== undefined) {
    const { baseOffset: of, leaderEpoch } = next;
    if (of !== endOffset) throw damage(endByte, `offset ${of} stands where ${endOffset} belongs`);
    throw damage(endByte, `epoch ${leaderEpoch} of the batch with offset ${of} cannot be`);
  }
  refuseDamage(bytes, endByte, crc32c, rules.areSeveralInFlight ?? false);
  return scanned;
}

/** The sound batches at the beginning, each where the one before it ends, whatever follows them. */
export function soundPrefix(
  bytes: Uint8Array,
  baseOffset: number,
  crc32c: Crc32c,
  epochMax = Number.POSITIVE_INFINITY,
): Scanned {
  const batches: RecordBatch[] = [];
  let epoch = Number.NEGATIVE_INFINITY;
  let endOffset = baseOffset;
  let endByte = 0;
  while (endByte < bytes.byteLength) {
    const batch = soundBatchAt(bytes, endByte, crc32c);
    if (batch === undefined || batch.baseOffset !== endOffset) break;
    if (batch.leaderEpoch < epoch || batch.leaderEpoch > epochMax) break; // No checksum covers it (C59).
    epoch = batch.leaderEpoch;
    batches.push(batch);
    endOffset += batch.recordCount;
    endByte += batch.sizeBytes;
  }
  return { batches, endOffset, endByte };
}

function refuseDamage(bytes: Uint8Array, from: number, crc32c: Crc32c, mayBeSeveral: boolean): void {
  for (let at = from + 1; at + BATCH_HEADER_BYTES <= bytes.byteLength; at++) {
    const later = soundBatchAt(bytes, at, crc32c);
    if (later === undefined) continue;
    if (mayBeSeveral && holdsZeroSector(bytes, from, at)) return;
    throw damage(from, `a sound batch with offset ${later.baseOffset} follows at byte ${at}`);
  }
  if (!endsEarly(bytes, from) && !holdsZeroSector(bytes, from, bytes.byteLength)) {
    throw damage(from, 'the bytes are all there, and their checksum does not hold');
  }
}

function soundBatchAt(bytes: Uint8Array, at: number, crc32c: Crc32c): RecordBatch | undefined {
  if (bytes[at + MAGIC_AT] !== MAGIC_VALUE) return undefined;
  try {
    const batch = RecordBatch.parse(bytes, at);
    return batch.checksumHolds(crc32c) && batch.recordCount > 0 ? batch : undefined;
  } catch (reason) {
    if (reason instanceof ApiError) return undefined;
    throw reason;
  }
}

/** Whether the batch whose header stands at `from` should go on behind the end of the file. */
function endsEarly(bytes: Uint8Array, from: number): boolean {
  const left = bytes.byteLength - from;
  if (left < BATCH_HEADER_BYTES) return true;
  const length = new DataView(bytes.buffer, bytes.byteOffset + from, left).getInt32(LENGTH_AT);
  return length > left - LENGTH_COUNTS_FROM;
}

function holdsZeroSector(bytes: Uint8Array, from: number, until: number): boolean {
  for (let sector = from - (from % SECTOR_BYTES); sector < until; sector += SECTOR_BYTES) {
    const part = bytes.subarray(Math.max(sector, from), Math.min(sector + SECTOR_BYTES, until));
    if (part.every((byte) => byte === 0)) return true;
  }
  return false;
}

/** Where length and magic stand in a batch, and from where the length counts. */
const LENGTH_AT = 8;
const LENGTH_COUNTS_FROM = 12;
const MAGIC_AT = 16;
const MAGIC_VALUE = 2;

function damage(at: number, why: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `at byte ${at}: ${why}`);
}

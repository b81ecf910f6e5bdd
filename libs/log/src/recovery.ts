import { ApiError, type Crc32c, type Offset } from '@trunkline/kernel';
import { BATCH_HEADER_BYTES, batchBaseOffsetAt, batchSizeAt, MAGIC, RecordBatch } from '@trunkline/records';
import type { Segment } from './segment.js';

const PIECE_BYTES = 1024 * 1024;
const SECTOR_BYTES = 512;
/** Base offset and length of a batch: the length is never 0. */
const LENGTH_END = 12;
/** How far behind a broken batch a whole one is looked for. */
const SEARCHED_BYTES_MAX = 256 * 1024 * 1024;
const MAGIC_AT = 16;

/** What a scan found: where the whole batches of a segment end, and why they end there before the file does. */
export interface Scan {
  readonly position: number;
  readonly nextOffset: Offset;
  readonly broken?: string;
}

/** Reads a segment from its first byte, checks every batch, and hands each over. Makes the segment's indexes anew. */
export async function scanSegment(
  segment: Segment,
  crc32c: Crc32c,
  indexIntervalBytes: number,
  found: (batch: RecordBatch) => void,
): Promise<Scan> {
  segment.resetIndexes();
  const fileBytes = segment.sizeBytes;
  let nextOffset: number = segment.baseOffset;
  let position = 0;
  let length = PIECE_BYTES;
  while (position < fileBytes) {
    const bytes = await segment.readAt(position, Math.min(length, fileBytes - position));
    let at = 0;
    while (at < bytes.byteLength) {
      const left = fileBytes - position - at;
      if (bytes.byteLength - at < BATCH_HEADER_BYTES && left >= BATCH_HEADER_BYTES) break;
      const size = left < BATCH_HEADER_BYTES ? left : batchSizeAt(bytes, at);
      const whole = size >= BATCH_HEADER_BYTES && size <= left;
      if (whole && size > bytes.byteLength - at) break;
      const broken = whole ? judgeBatch(bytes, at, nextOffset, crc32c) : `a batch of ${size} bytes, ${left} are left`;
      if (typeof broken === 'string') return { position: position + at, nextOffset: nextOffset as Offset, broken };
      segment.note(broken, position + at, indexIntervalBytes);
      found(broken);
      nextOffset = broken.nextOffset;
      at += size;
    }
    position += at;
    length = at === 0 ? length * 4 : PIECE_BYTES; // A batch larger than the piece.
  }
  segment.noteChecked(0, Number.POSITIVE_INFINITY); // What comes later is checked on its way.
  return { position, nextOffset: nextOffset as Offset };
}

/** The batch at `at`, or what is wrong with it. */
export function judgeBatch(bytes: Uint8Array, at: number, offsetMin: number, crc32c: Crc32c): RecordBatch | string {
  if (bytes[at + MAGIC_AT] !== MAGIC) return `magic ${bytes[at + MAGIC_AT]} instead of ${MAGIC}`;
  const batch = RecordBatch.parse(bytes, at);
  if (batch.baseOffset < offsetMin) return `base offset ${batch.baseOffset}, at least ${offsetMin} must come`;
  if (batch.lastOffsetDelta < 0) return `a last offset delta of ${batch.lastOffsetDelta}`;
  return batch.checksumHolds(crc32c) ? batch : 'a wrong checksum';
}

/**
 * Whether what begins at `position` is a torn tail, which a power cut leaves and which nobody was told of, or
 * corruption, which must not be cut away silently (C57, Protocol-Aware Recovery).
 *
 * Torn: no whole batch follows; or a sector is all zeros, which only a write that never reached the disk leaves behind in
 * a file that grows (C58, as etcd's WAL does). A sync covers all bytes before its end, so behind a sector that was never
 * written nothing was synced, and nothing acknowledged.
 */
export async function isTorn(segment: Segment, position: number, nextOffset: number, crc32c: Crc32c): Promise<boolean> {
  const bytes = await segment.readAt(position, Math.min(segment.sizeBytes - position, SEARCHED_BYTES_MAX));
  const whole = findWholeBatch(bytes, nextOffset, crc32c);
  if (whole === undefined) return true;
  return hasLostSector(bytes.subarray(0, whole), position, nextOffset);
}

function findWholeBatch(bytes: Uint8Array, offsetMin: number, crc32c: Crc32c): number | undefined {
  const last = bytes.byteLength - BATCH_HEADER_BYTES;
  for (let at = 1; at <= last; at++) {
    if (bytes[at + MAGIC_AT] !== MAGIC) continue;
    const baseOffset = batchBaseOffsetAt(bytes, at);
    if (baseOffset < offsetMin || baseOffset > offsetMin + 0x7fff_ffff) continue;
    const size = batchSizeAt(bytes, at);
    if (size < BATCH_HEADER_BYTES || size > bytes.byteLength - at) continue;
    if (typeof judgeBatch(bytes, at, offsetMin, crc32c) !== 'string') return at;
  }
  return undefined;
}

/** Whether a sector, or the part of one that the first batch begins in, holds zeros and cannot have been written so. */
function hasLostSector(bytes: Uint8Array, position: number, nextOffset: number): boolean {
  const firstEnd = Math.min(bytes.byteLength, SECTOR_BYTES - (position % SECTOR_BYTES));
  if (isZero(bytes, 0, firstEnd) && !mayBeginWithZeros(firstEnd, nextOffset)) return true;
  for (let at = firstEnd; at < bytes.byteLength; at += SECTOR_BYTES) {
    if (isZero(bytes, at, Math.min(bytes.byteLength, at + SECTOR_BYTES))) return true;
  }
  return false;
}

/** Whether the first `length` bytes of the batch that begins at `offset` may all be 0. */
function mayBeginWithZeros(length: number, offset: number): boolean {
  return length < LENGTH_END && (length >= 8 ? offset === 0 : offset < 2 ** (8 * (8 - length)));
}

function isZero(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** The error that takes a log, and only it, out of service until somebody has looked (C57, C70). */
export function corruptLog(segment: Segment, position: number, offset: number, why: string): ApiError {
  return new ApiError(
    'KAFKA_STORAGE_ERROR',
    `${segment.path} is damaged at byte ${position} (offset ${offset}): ${why}. It is no torn tail: records behind it ` +
      `were on disk. Restore the file from a copy, or cut it to ${position} bytes and remove later segments of its ` +
      `directory, which gives up what follows, then start again`,
  );
}

import { ApiError, type Crc32c, EMPTY_BYTES, type Offset } from '@trunkline/kernel';
import { BATCH_HEADER_BYTES, batchBaseOffsetAt, batchesIn, batchNextOffsetAt, batchSizeAt } from '@trunkline/records';
import type { LogRead } from './log.js';
import type { Segment } from './segment.js';

/** One read of the disk at most, unless one batch is larger; a fetch that may have more comes again. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

export interface ReadRange {
  readonly from: number;
  readonly until: number;
  readonly bytesMax: number;
  readonly atLeastOne: boolean;
}

/** Whole batches in what was read, from byte `at` on. */
interface Cut {
  readonly at: number;
  readonly chunk: Uint8Array;
  readonly nextOffset: number;
}

/** What was read does not hold a batch of the range yet: `skipBytes` on, `needBytes` must be there. */
interface More {
  readonly skipBytes: number;
  readonly needBytes: number;
}

/**
 * Whole batches out of a segment's file: see `Log.read`. Mostly one read of the disk. undefined: the segment ends before
 * the range does begin.
 */
export async function readSegment(
  segment: Segment,
  range: ReadRange,
  slackBytes: number,
  crc32c: Crc32c,
): Promise<LogRead | undefined> {
  let position = (await segment.offsets()).positionFor(range.from);
  let wanted = range.bytesMax + slackBytes;
  for (;;) {
    const left = segment.sizeBytes - position;
    if (left < BATCH_HEADER_BYTES) return undefined;
    const length = Math.min(left, Math.max(BATCH_HEADER_BYTES, Math.min(wanted, READ_BYTES_MAX)));
    const bytes = await segment.readAt(position, length);
    const found = cut(bytes, range);
    if ('chunk' in found) return checked(segment, position + found.at, found, crc32c);
    position += found.skipBytes;
    if (found.needBytes > segment.sizeBytes - position || bytes.byteLength < length) return undefined;
    wanted = Math.max(found.needBytes, Math.min(range.bytesMax, READ_BYTES_MAX));
    if (wanted > READ_BYTES_MAX) {
      const chunk = await segment.readAt(position, wanted); // A single batch beyond the size of a read.
      return checked(segment, position, { at: 0, chunk, nextOffset: batchNextOffsetAt(chunk, 0) }, crc32c);
    }
  }
}

/** Checksums of what was not read before in this life of the log (C59). Later reads of the same cost nothing more. */
function checked(segment: Segment, position: number, { chunk, nextOffset }: Cut, crc32c: Crc32c): LogRead {
  const end = position + chunk.byteLength;
  if (!segment.isChecked(position, end)) {
    for (const batch of batchesIn(chunk)) {
      if (batch.checksumHolds(crc32c)) continue;
      throw damaged(segment, `the checksum of the batch at offset ${batch.baseOffset} does not hold`);
    }
    segment.noteChecked(position, end);
  }
  return {
    chunks: chunk.byteLength === 0 ? [] : [chunk],
    sizeBytes: chunk.byteLength,
    nextOffset: nextOffset as Offset,
  };
}

function damaged(segment: Segment, why: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `${segment.path} is damaged: ${why}`);
}

function cut(bytes: Uint8Array, { from, until, bytesMax, atLeastOne }: ReadRange): Cut | More {
  let at = 0;
  let start = -1;
  let nextOffset = from;
  while (nextOffset < until) {
    const left = bytes.byteLength - at;
    if (left < BATCH_HEADER_BYTES) {
      if (start < 0) return { skipBytes: at, needBytes: BATCH_HEADER_BYTES };
      break;
    }
    const size = batchSizeAt(bytes, at);
    const next = batchNextOffsetAt(bytes, at);
    if (size < BATCH_HEADER_BYTES || next <= batchBaseOffsetAt(bytes, at))
      throw new ApiError('CORRUPT_MESSAGE', 'a batch in a log has no valid header');
    if (next <= from) {
      at += size;
      continue;
    }
    if (batchBaseOffsetAt(bytes, at) >= until) break;
    const first = start < 0;
    if ((first ? 0 : at - start) + size > bytesMax && !(first && atLeastOne)) break;
    if (size > left) {
      if (first) return { skipBytes: at, needBytes: size };
      break;
    }
    if (first) start = at;
    nextOffset = next;
    at += size;
  }
  if (start < 0) return { at: 0, chunk: EMPTY_BYTES, nextOffset: from };
  return { at: start, chunk: bytes.subarray(start, at), nextOffset };
}

export function nothing(from: number): LogRead {
  return { chunks: [], sizeBytes: 0, nextOffset: from as Offset };
}

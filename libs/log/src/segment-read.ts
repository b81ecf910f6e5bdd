import type { Offset } from '@trunkline/kernel';
import { BATCH_HEADER_BYTES, batchBaseOffsetAt, batchNextOffsetAt, batchSizeAt } from '@trunkline/records';
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
): Promise<LogRead | undefined> {
  let position = (await segment.offsets()).positionFor(range.from);
  let wanted = range.bytesMax + slackBytes;
  for (;;) {
    const left = segment.sizeBytes - position;
    if (left < BATCH_HEADER_BYTES) return undefined;
    const length = Math.min(left, Math.max(BATCH_HEADER_BYTES, Math.min(wanted, READ_BYTES_MAX)));
    const bytes = await segment.readAt(position, length);
    const found = cut(bytes, range);
    if ('chunks' in found) return found;
    position += found.skipBytes;
    if (found.needBytes > segment.sizeBytes - position || bytes.byteLength < length) return undefined;
    wanted = Math.max(found.needBytes, Math.min(range.bytesMax, READ_BYTES_MAX));
    if (wanted > READ_BYTES_MAX) return readLarge(segment, position, wanted);
  }
}

/** A single batch beyond the size of a read. */
async function readLarge(segment: Segment, position: number, size: number): Promise<LogRead> {
  const bytes = await segment.readAt(position, size);
  return { chunks: [bytes], sizeBytes: size, nextOffset: batchNextOffsetAt(bytes, 0) as Offset };
}

function cut(bytes: Uint8Array, { from, until, bytesMax, atLeastOne }: ReadRange): LogRead | More {
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
  if (start < 0) return nothing(from);
  return { chunks: [bytes.subarray(start, at)], sizeBytes: at - start, nextOffset: nextOffset as Offset };
}

export function nothing(from: number): LogRead {
  return { chunks: [], sizeBytes: 0, nextOffset: from as Offset };
}

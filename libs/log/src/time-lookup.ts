import type { Compression, Offset } from '@trunkline/kernel';
import type { TimedOffset } from './log.js';
import type { Segment } from './segment.js';

const PIECE_BYTES = 256 * 1024;

/**
 * The first record at or after `timestampMs` below `until`. Segments and batches that are too old are passed over by
 * their largest timestamps; the one batch that remains is opened, also when it is compressed.
 */
export async function findByTime(
  segments: readonly Segment[],
  timestampMs: number,
  from: Offset,
  until: Offset,
  codecs: Compression,
): Promise<TimedOffset | undefined> {
  for (const segment of segments) {
    if (segment.baseOffset >= until) return undefined;
    if (segment.maxTimestamp < timestampMs) continue;
    const near = (await segment.times()).offsetFor(timestampMs);
    const position = (await segment.offsets()).positionFor(Math.max(near, from));
    for await (const { batch } of segment.batches(position, segment.sizeBytes, PIECE_BYTES)) {
      if (batch.baseOffset >= until) return undefined;
      if (batch.lastOffset < from || batch.maxTimestamp < timestampMs) continue;
      for (const record of batch.records(codecs)) {
        if (record.offset < from || record.timestampMs < timestampMs) continue;
        if (record.offset >= until) return undefined;
        return { offset: record.offset, timestampMs: record.timestampMs, leaderEpoch: batch.leaderEpoch };
      }
    }
  }
  return undefined;
}

/** The first record with the largest timestamp below `until` (KIP-734). */
export async function findLargestTime(
  segments: readonly Segment[],
  from: Offset,
  until: Offset,
  codecs: Compression,
): Promise<TimedOffset | undefined> {
  let largest = -1;
  for (const segment of segments) {
    if (segment.baseOffset < until) largest = Math.max(largest, segment.maxTimestamp);
  }
  while (largest >= 0) {
    const found = await findByTime(segments, largest, from, until, codecs);
    if (found !== undefined) return found;
    // The record with it lies outside of [from, until), or compaction took it: look through what is left.
    return scanLargest(segments, from, until, codecs);
  }
  return undefined;
}

async function scanLargest(
  segments: readonly Segment[],
  from: Offset,
  until: Offset,
  codecs: Compression,
): Promise<TimedOffset | undefined> {
  let best: TimedOffset | undefined;
  for (const segment of segments) {
    if (segment.baseOffset >= until) break;
    const position = (await segment.offsets()).positionFor(from);
    for await (const { batch } of segment.batches(position, segment.sizeBytes, PIECE_BYTES)) {
      if (batch.baseOffset >= until) break;
      if (batch.lastOffset < from || batch.maxTimestamp <= (best?.timestampMs ?? -1)) continue;
      for (const { offset, timestampMs } of batch.records(codecs)) {
        if (offset < from || offset >= until || timestampMs <= (best?.timestampMs ?? -1)) continue;
        best = { offset, timestampMs, leaderEpoch: batch.leaderEpoch };
      }
    }
  }
  return best;
}

import type { LogConfig } from './log.js';
import type { Segment } from './segment.js';

/**
 * How many of the oldest segments may go, by time, by size, and because the log's start lies behind them. Time goes by
 * records' timestamps, as in Kafka: records dated years ago go at the next round. Pure.
 *
 * `deletableEnd`: nothing at or behind it may go (not durable, or not replicated yet). Nor does a segment that is not
 * sealed: without it and the snapshot behind it a crash would lose what is known of producers.
 */
export function segmentsToDelete(
  segments: readonly Segment[],
  config: LogConfig,
  nowMs: number,
  startOffset: number,
  deletableEnd: number,
): number {
  let count = 0;
  let sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.baseOffset;
    if ((end ?? Number.POSITIVE_INFINITY) > deletableEnd || !segment.sealed) break;
    const before = end !== undefined && end <= startOffset;
    const tooOld = config.deletes && config.retentionMs >= 0 && nowMs - ageOf(segment) > config.retentionMs;
    const tooMuch =
      config.deletes && config.retentionBytes >= 0 && sizeBytes - segment.sizeBytes >= config.retentionBytes;
    if (!before && !tooOld && !tooMuch) break;
    sizeBytes -= segment.sizeBytes;
    count += 1;
  }
  return count;
}

/** Whether even the active segment has had its time: then it is closed, so that the next round may take it. */
export function activeHasExpired(active: Segment, config: LogConfig, nowMs: number): boolean {
  return (
    config.deletes && config.retentionMs >= 0 && active.sizeBytes > 0 && nowMs - ageOf(active) > config.retentionMs
  );
}

function ageOf({ maxTimestamp, createdAtMs }: Segment): number {
  return maxTimestamp >= 0 ? maxTimestamp : createdAtMs;
}

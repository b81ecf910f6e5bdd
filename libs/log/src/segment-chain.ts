import { type Clock, invariant, type Offset, offset } from '@trunkline/kernel';
import type { RecordBatch } from '@trunkline/records';
import type { LogConfig } from './log.js';
import { fileName, SUFFIX } from './log-files.js';
import type { LogWorld } from './log-options.js';
import { Segment } from './segment.js';

const RELATIVE_OFFSET_MAX = 0x7fff_ffff;

/** A log's segments, oldest first; the last one is written. Never empty. */
export class SegmentChain {
  #segments: Segment[];
  #sizeBytes = 0;

  constructor(
    private readonly world: LogWorld,
    private readonly dir: string,
    segments: readonly Segment[],
  ) {
    invariant(segments.length > 0, 'a log has a segment');
    this.#segments = [...segments];
    for (const { sizeBytes } of segments) this.#sizeBytes += sizeBytes;
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }
  get active(): Segment {
    return this.#segments[this.#segments.length - 1]!;
  }
  get first(): Segment {
    return this.#segments[0]!;
  }
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether `batch`, to be appended at `at`, belongs into a new segment. */
  mustRoll(batch: RecordBatch, at: Offset, config: LogConfig): boolean {
    const { active } = this;
    if (active.sizeBytes === 0) return false;
    return (
      active.sizeBytes + batch.sizeBytes > config.segmentBytesMax ||
      active.indexBytes + 12 > config.indexBytesMax ||
      at + batch.lastOffsetDelta - active.baseOffset > RELATIVE_OFFSET_MAX ||
      waitedMs(active, batch.maxTimestamp, this.world.clock) > config.segmentMs
    );
  }

  /** Begins a new active segment at `at`; returns the one that was. */
  roll(at: Offset): Segment {
    const before = this.active;
    this.#segments.push(Segment.create(this.world.disk, this.dir, at, this.world.clock.nowMs()));
    return before;
  }

  /** Gives a batch its place in the active segment, and returns it. */
  place(batch: RecordBatch, indexIntervalBytes: number): number {
    const { active } = this;
    const position = active.sizeBytes;
    active.note(batch, position, indexIntervalBytes);
    active.sizeBytes += batch.sizeBytes;
    this.#sizeBytes += batch.sizeBytes;
    return position;
  }

  /** The segment in whose range `at` lies. */
  indexFor(at: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.baseOffset <= at) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Everything in sealed segments is on disk for good, indexes too; here the first one begins that is not. */
  get sealedEnd(): Offset {
    const open = this.#segments.find(({ sealed }) => !sealed);
    return (open ?? this.active).baseOffset;
  }

  /**
   * How many whole segments lie before `start` and are sealed: before that the producers' state behind one is not on
   * disk, and after a crash nothing could say it any more.
   */
  countBefore(start: number): number {
    let count = 0;
    while (count < this.#segments.length - 1 && this.#segments[count + 1]!.baseOffset <= start) {
      if (!this.#segments[count]!.sealed) break;
      count += 1;
    }
    return count;
  }

  /** Takes the oldest out of the chain at once, then removes their files. The log's start was made durable before. */
  async removeFirst(count: number): Promise<void> {
    const removed = this.#segments.splice(0, count);
    for (const segment of removed) this.#sizeBytes -= segment.sizeBytes;
    for (const segment of removed) await this.#remove(segment);
    if (removed.length > 0) await this.world.disk.syncDir(this.dir);
  }

  /** Removes all behind index `last`, each for good before the one before it, so that a crash leaves no gap. */
  async removeBehind(last: number): Promise<void> {
    while (this.#segments.length > last + 1) {
      const segment = this.#segments.pop()!;
      this.#sizeBytes -= segment.sizeBytes;
      await this.#remove(segment);
      await this.world.disk.syncDir(this.dir);
    }
  }

  /** Removes all, and goes on in a new segment at `at`, which is no lower than where the last one ends. */
  async restartAt(at: Offset): Promise<void> {
    if (this.active.baseOffset !== at) {
      const next = Segment.create(this.world.disk, this.dir, at, this.world.clock.nowMs());
      await next.ready();
      this.#segments.push(next);
    }
    await this.removeFirst(this.#segments.length - 1);
  }

  /** Cuts the active segment, and for good. */
  async truncateActive(position: number): Promise<void> {
    this.#sizeBytes -= this.active.sizeBytes - position;
    await this.active.truncate(position);
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.close();
  }

  async #remove(segment: Segment): Promise<void> {
    await segment.close();
    for (const suffix of Object.values(SUFFIX)) {
      await this.world.disk.remove(`${this.dir}/${fileName(segment.baseOffset, suffix)}`);
    }
  }
}

/** By records' timestamps where there are any, as in Kafka, else by the broker's clock. */
function waitedMs({ firstTimestamp, createdAtMs }: Segment, timestampMs: number, clock: Clock): number {
  return firstTimestamp >= 0 && timestampMs >= 0 ? timestampMs - firstTimestamp : clock.nowMs() - createdAtMs;
}

/** The end of the whole batches before the one that holds `at`: where a log that is cut there ends. */
export async function cutPoint(segment: Segment, at: number): Promise<{ position: number; end: Offset }> {
  const from = (await segment.offsets()).positionFor(at);
  let cut = { position: 0, end: segment.baseOffset };
  for await (const { batch, position } of segment.batches(from, segment.sizeBytes, 1024 * 1024)) {
    if (batch.nextOffset > at) return { position, end: batch.baseOffset };
    cut = { position: position + batch.sizeBytes, end: offset(batch.nextOffset) };
  }
  return cut;
}

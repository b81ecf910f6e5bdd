import { ApiError, asError, type Epoch, invariant, Lane, type Offset, offset } from '@trunkline/kernel';
import type { RecordBatch } from '@trunkline/records';
import type { EpochCache } from './epoch-cache.js';
import type { ActiveProducer, AppendInfo, Log, LogConfig, LogRead, TimedOffset } from './log.js';
import { LogCheckpoints } from './log-checkpoints.js';
import { cutAt, emptyAt, type LogEnds, type LogInside } from './log-cut.js';
import { type LoadedLog, loadLog } from './log-loader.js';
import type { LogIdentity, LogOptions } from './log-options.js';
import { LogWriter, PENDING_BYTES_MAX, storageError } from './log-writer.js';
import { encodeSnapshot } from './producer-snapshot.js';
import type { BatchMark, ProducerState } from './producer-state.js';
import { activeHasExpired, segmentsToDelete } from './retention.js';
import type { Segment } from './segment.js';
import { SegmentChain } from './segment-chain.js';
import { nothing, readSegment } from './segment-read.js';
import { TailCache } from './tail-cache.js';
import { findByTime, findLargestTime } from './time-lookup.js';

const LANE_WAITING_MAX = 4096;

/**
 * A partition's log in a directory of its own. See {@link Log} for what each call promises, the README for the files and
 * for how it comes back after a crash.
 */
export class PartitionLog implements Log {
  onDurable: ((durableEnd: Offset) => void) | undefined;
  onFailed: ((reason: Error) => void) | undefined;
  replicatedEnd: (() => Offset) | undefined;
  /** Refuses what leaders would append while the disk is too full; reads, deletions and markers go on (C71). */
  refusesProduce = false;
  #startOffset: Offset;
  #endOffset: Offset;
  #config: LogConfig;
  /** Set: no append is taken, and why. */
  #stopped: string | undefined;
  readonly #chain: SegmentChain;
  readonly #checkpoints: LogCheckpoints;
  readonly #epochs: EpochCache;
  readonly #producers: ProducerState;
  readonly #writer: LogWriter;
  readonly #tail: TailCache;
  /** Maintenance, one after the other. Appends and reads do not go through it. */
  readonly #lane: Lane;

  private constructor(
    private readonly options: LogOptions,
    loaded: LoadedLog,
  ) {
    this.#config = options.config;
    this.#chain = new SegmentChain(options, options.dir, loaded.segments);
    this.#startOffset = loaded.startOffset;
    this.#endOffset = loaded.endOffset;
    this.#checkpoints = new LogCheckpoints(options.disk, options.dir, loaded.epochs, loaded.recoveryPoint);
    this.#epochs = loaded.epochs;
    this.#producers = loaded.producers;
    this.#tail = new TailCache(options.tailBytesMax, options.tailBudget);
    this.#lane = new Lane(`log ${options.dir}`, LANE_WAITING_MAX);
    this.#writer = new LogWriter({
      clock: options.clock,
      mode: options.config.flush,
      flushIntervalMs: options.config.flushIntervalMs,
      end: loaded.endOffset,
      onDurable: (end) => this.onDurable?.(end),
      onFailed: (reason) => this.#hasFailed(reason),
    });
  }

  /**
   * Opens the log in `options.dir`, or makes it. Recovers after a crash. Rejects with ApiError KAFKA_STORAGE_ERROR when
   * the directory holds another topic's data or the log is damaged: the text says where, and what to do.
   */
  static async open(options: LogOptions): Promise<PartitionLog> {
    return new PartitionLog(options, await loadLog(options));
  }

  get dir(): string {
    return this.options.dir;
  }
  get identity(): LogIdentity {
    return this.options.identity;
  }
  get config(): LogConfig {
    return this.#config;
  }
  get startOffset(): Offset {
    return this.#startOffset;
  }
  get endOffset(): Offset {
    return this.#endOffset;
  }
  get durableEnd(): Offset {
    return this.#writer.durableEnd;
  }
  get sizeBytes(): number {
    return this.#chain.sizeBytes;
  }
  get segmentCount(): number {
    return this.#chain.all.length;
  }
  /** Why it takes no more appends and gives no more reads; undefined while it is well. */
  get failed(): Error | undefined {
    return this.#writer.failed;
  }
  /** Below it everything is known to be on disk for good: damage there is never taken for a torn tail. */
  get recoveryPoint(): Offset {
    return this.#checkpoints.recoveryPoint;
  }

  appendAsLeader(batch: RecordBatch, epoch: Epoch): AppendInfo {
    this.#checkAppend(batch);
    if (batch.sizeBytes > this.#config.segmentBytesMax) {
      const why = `a batch of ${batch.sizeBytes} bytes is larger than segment.bytes, ${this.#config.segmentBytesMax}`;
      throw new ApiError('RECORD_LIST_TOO_LARGE', why);
    }
    if (this.refusesProduce && !batch.isControl) {
      throw new ApiError('KAFKA_STORAGE_ERROR', 'the disk is almost full; records are taken again once there is room');
    }
    if (batch.hasProducerId) {
      const duplicate = this.#producers.check(batch);
      if (duplicate !== undefined) return this.#duplicate(duplicate);
    }
    batch.assign(this.#endOffset, epoch);
    return this.#append(batch);
  }

  appendAsFollower(batches: readonly RecordBatch[]): AppendInfo {
    let info: AppendInfo | undefined;
    for (const batch of batches) {
      this.#checkAppend(batch);
      invariant(batch.baseOffset >= this.#endOffset, 'a follower appends where its log ends');
      info = { ...this.#append(batch), ...(info && { baseOffset: info.baseOffset }) };
    }
    invariant(info !== undefined, 'a follower appends at least one batch');
    return info;
  }

  read(from: Offset, until: Offset, bytesMax: number, atLeastOne: boolean): LogRead | Promise<LogRead> {
    this.#checkWell();
    if (from < this.#startOffset || from > this.#endOffset) {
      const range = `${this.#startOffset} to ${this.#endOffset}`;
      throw new ApiError('OFFSET_OUT_OF_RANGE', `offset ${from} is not in ${range}`);
    }
    const end = Math.min(until, this.durableEnd);
    if (from >= end) return nothing(from);
    return this.#tail.read(from, end, bytesMax, atLeastOne) ?? this.#readFiles(from, end, bytesMax, atLeastOne);
  }

  async offsetForTime(timestampMs: number, until: Offset): Promise<TimedOffset | undefined> {
    this.#checkWell();
    const end = offset(Math.min(until, this.durableEnd));
    return findByTime(this.#chain.all, timestampMs, this.#startOffset, end, this.options.compression);
  }

  async offsetForMaxTimestamp(): Promise<TimedOffset | undefined> {
    this.#checkWell();
    return findLargestTime(this.#chain.all, this.#startOffset, this.durableEnd, this.options.compression);
  }

  endOffsetForEpoch(epoch: Epoch): { readonly epoch: Epoch; readonly endOffset: Offset } | undefined {
    return this.#epochs.endOffsetFor(epoch, this.#endOffset);
  }

  epochForOffset(at: Offset): Epoch | undefined {
    return this.#epochs.epochFor(at);
  }

  async beginEpoch(epoch: Epoch, startOffset: Offset): Promise<void> {
    this.#checkWell();
    if (this.#epochs.begin(epoch, startOffset)) this.#checkpoints.epochsChanged();
    await this.#inLane(() => this.#checkpoints.writeEpochs());
  }

  /** See `ProducerState.firstUnstableOffset`: where a read_committed reader must stop. */
  firstUnstableOffset(highWatermark: Offset): Offset | undefined {
    return this.#producers.firstUnstableOffset(highWatermark);
  }

  activeProducers(): readonly ActiveProducer[] {
    return this.#producers.active();
  }

  reconfigure(config: LogConfig): void {
    this.#config = config;
    this.#writer.configure(config.flush, config.flushIntervalMs);
  }

  async flush(): Promise<Offset> {
    this.#checkWell();
    return this.#writer.flush(this.#endOffset);
  }

  async truncateTo(to: Offset): Promise<void> {
    this.#checkWell();
    await this.#cut((log) => cutAt(log, to));
  }

  async restartAt(to: Offset): Promise<void> {
    this.#checkWell();
    const isEmpty = this.#startOffset === this.#endOffset;
    invariant(isEmpty || to >= this.#endOffset, 'a log that holds records starts again where it ends or later');
    await this.#cut((log) => emptyAt(log, to));
  }

  async advanceStartOffset(to: Offset): Promise<void> {
    this.#checkWell();
    if (to > this.#endOffset) {
      throw new ApiError('OFFSET_OUT_OF_RANGE', `the log ends at ${this.#endOffset}, it cannot start at ${to}`);
    }
    await this.#inLane(async () => {
      await this.#moveStart(to);
      await this.#chain.removeFirst(this.#chain.countBefore(to));
    });
  }

  async applyRetention(nowMs: number): Promise<number> {
    this.#checkWell();
    const deletableEnd = (): number => Math.min(this.replicatedEnd?.() ?? this.durableEnd, this.durableEnd);
    await this.#inLane(async () => {
      this.#producers.expire(nowMs, this.#config.producerIdExpirationMs);
      if (this.#endOffset <= deletableEnd() && activeHasExpired(this.#chain.active, this.#config, nowMs)) this.#roll();
    });
    // By its turn in the lane, what was rolled is sealed.
    return this.#inLane(async () => {
      const end = deletableEnd();
      const count = segmentsToDelete(this.#chain.all, this.#config, nowMs, this.#startOffset, end);
      if (count === 0) return 0;
      await this.#moveStart(this.#chain.all[count]!.baseOffset);
      await this.#chain.removeFirst(count);
      return count;
    });
  }

  /** For a round a minute: notes on disk how far everything is there for good, and lets idle segments rest. */
  async checkpoint(): Promise<void> {
    this.#checkWell();
    await this.#inLane(async () => {
      await this.#writeRecoveryPoint();
      for (const segment of this.#chain.all) await segment.rest();
    });
  }

  /** Writes and syncs everything, so that the next open need not scan. A log that failed is only let go. */
  async close(): Promise<void> {
    if (this.#stopped === 'it is closed') return;
    this.#stopped = 'it is closed';
    try {
      if (this.failed === undefined) await this.#lane.run(() => this.#leaveClean());
    } finally {
      await this.#lane.idle();
      this.#writer.stop();
      this.#tail.clear();
      await this.#chain.close();
    }
  }

  /** Lets go of everything without writing any more: the directory is about to be deleted. */
  async abandon(): Promise<void> {
    this.#stopped = 'it is closed';
    this.onDurable = undefined;
    this.onFailed = undefined;
    this.#writer.abandon(new Error(`${this.dir} was given up`));
    await this.#lane.idle();
    this.#tail.clear();
    await this.#chain.close();
  }

  #checkWell(): void {
    if (this.failed !== undefined) throw storageError(this.failed);
    if (this.#stopped === 'it is closed') throw new ApiError('KAFKA_STORAGE_ERROR', `${this.dir}: the log is closed`);
  }

  #checkAppend({ sizeBytes }: RecordBatch): void {
    this.#checkWell();
    invariant(this.#stopped === undefined, 'nothing is appended to a log that is being truncated');
    if (this.#writer.pendingBytes + sizeBytes > PENDING_BYTES_MAX) {
      throw new ApiError('KAFKA_STORAGE_ERROR', `${this.#writer.pendingBytes} bytes wait for the disk already`);
    }
  }

  #append(batch: RecordBatch): AppendInfo {
    if (this.#chain.mustRoll(batch, this.#endOffset, this.#config)) this.#roll();
    const { baseOffset, lastOffset, leaderEpoch } = batch;
    if (leaderEpoch !== this.#epochs.latest && this.#epochs.begin(leaderEpoch, baseOffset))
      this.#checkpoints.epochsChanged();
    if (batch.hasProducerId) this.#producers.apply(batch, this.options.clock.nowMs());
    const position = this.#chain.place(batch, this.#config.indexIntervalBytes);
    this.#endOffset = (lastOffset + 1) as Offset;
    this.#writer.enqueue(this.#chain.active, position, this.#tail.add(batch), this.#endOffset);
    const logAppendTimeMs = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : -1;
    return { baseOffset, lastOffset, logAppendTimeMs, logStartOffset: this.#startOffset, duplicate: false };
  }

  #duplicate({ firstOffset, lastOffset, timestampMs }: BatchMark): AppendInfo {
    return {
      baseOffset: firstOffset,
      lastOffset,
      logAppendTimeMs: timestampMs,
      logStartOffset: this.#startOffset,
      duplicate: true,
    };
  }

  #roll(): void {
    const at = this.#endOffset;
    const snapshot = encodeSnapshot(this.#producers.entries(), this.options.crc32c);
    const before = this.#chain.roll(at);
    this.#inLane(() => this.#seal(before, at, snapshot)).catch(() => {}); // The log has failed, and said so.
  }

  /** A segment takes no more batches: brings it, its indexes and the state behind it to disk, then says so. */
  async #seal(segment: Segment, end: Offset, snapshot: Uint8Array): Promise<void> {
    await this.#writer.flush(end);
    if (!this.#chain.all.includes(segment)) return;
    await segment.writeIndexes();
    await this.#checkpoints.writeSnapshot(end, snapshot);
    segment.sealed = true;
    await this.#checkpoints.writeEpochs();
    await this.#writeRecoveryPoint();
    segment.unloadIndexes();
  }

  async #readFiles(from: number, until: number, bytesMax: number, atLeastOne: boolean): Promise<LogRead> {
    const range = { from, until, bytesMax, atLeastOne };
    for (let at = this.#chain.indexFor(from); ; at++) {
      const segment = this.#chain.all[at];
      if (segment === undefined || segment.baseOffset >= until) return nothing(from);
      const found = await readSegment(segment, range, this.#config.indexIntervalBytes, this.options.crc32c);
      if (found !== undefined) return found;
    }
  }

  async #moveStart(to: Offset): Promise<void> {
    if (to <= this.#startOffset) return;
    await this.#writer.flush(to); // A start beyond what is on disk would be a hole after a power cut.
    await this.#checkpoints.writeStart(to);
    this.#startOffset = to;
    if (this.#epochs.truncateStart(to)) this.#checkpoints.epochsChanged();
  }

  /** Nothing is appended meanwhile. */
  async #cut(cut: (log: LogInside) => Promise<LogEnds>): Promise<void> {
    this.#stopped ??= 'it is being truncated';
    await this.#inLane(async () => {
      const { options: world, dir } = this;
      const { indexIntervalBytes } = this.#config;
      const ends = { startOffset: this.#startOffset, endOffset: this.#endOffset };
      const [chain, checkpoints, epochs] = [this.#chain, this.#checkpoints, this.#epochs];
      const [producers, writer, tail] = [this.#producers, this.#writer, this.#tail];
      const inside = { world, dir, chain, checkpoints, epochs, producers, writer, tail, indexIntervalBytes, ...ends };
      ({ startOffset: this.#startOffset, endOffset: this.#endOffset } = await cut(inside));
    });
    if (this.#stopped === 'it is being truncated') this.#stopped = undefined;
  }

  async #leaveClean(): Promise<void> {
    await this.#writer.flush(this.#endOffset);
    await this.#chain.active.writeIndexes();
    await this.#checkpoints.writeSnapshot(
      this.#endOffset,
      encodeSnapshot(this.#producers.entries(), this.options.crc32c),
    );
    await this.#checkpoints.writeEpochs();
    await this.#checkpoints.writeRecoveryPoint(this.#endOffset);
  }

  async #writeRecoveryPoint(): Promise<void> {
    const { sealedEnd, active } = this.#chain;
    const end = sealedEnd === active.baseOffset ? this.#writer.syncedEnd : sealedEnd;
    if (end > this.recoveryPoint) await this.#checkpoints.writeRecoveryPoint(end);
  }

  /** Runs maintenance. A failure of the disk in it is a failure of the log. */
  #inLane<T>(task: () => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      if (this.failed !== undefined) throw storageError(this.failed);
      try {
        return await task();
      } catch (reason) {
        if (!(reason instanceof ApiError)) this.#writer.fail(asError(reason));
        throw reason instanceof ApiError ? reason : storageError(asError(reason));
      }
    });
  }

  #hasFailed(reason: Error): void {
    this.#tail.clear();
    this.options.logger.error('a log failed and is closed until the next start', {
      dir: this.dir,
      why: reason.message,
    });
    this.onFailed?.(reason);
  }
}

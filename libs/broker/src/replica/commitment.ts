import { ApiError, type Offset, offset } from '@trunkline/kernel';
import type { Log } from '@trunkline/log';
import type { FollowingPartition } from './follower-role.js';
import { highWatermark } from './isr.js';
import { type CommitWaiter, UncommittedAppends } from './uncommitted.js';

/** Until when a produce waits: for the watermark (acks=all), or for this node's own disk (acks=1). */
export type WaitsFor = 'commit' | 'disk';

/** Whom a commitment tells. */
export interface CommitmentListener {
  /** The watermark has moved, forward unless the log was cut. */
  moved(): void;
  /** Whether somebody waits for the watermark to move. */
  isRead(): boolean;
}

const NOBODY: readonly [] = [];

/**
 * How far a partition's log is committed, as this replica knows it, and who waits for more of it.
 *
 * The watermark moves forward, but for a follower whose log is cut below it: after an unclean election, when what was
 * committed is lost.
 */
export class Commitment implements FollowingPartition {
  readonly #uncommitted = new UncommittedAppends();
  /** Produces that wait for this node's disk only, while followers have to have a record before it is committed. */
  readonly #unflushed = new UncommittedAppends();
  #flushes: (() => void)[] = [];
  #highWatermark: Offset;
  /** What a follower has heard of its leader's watermark. */
  #heard: Offset;

  constructor(
    readonly name: string,
    readonly log: Log,
    known: Offset,
    private readonly listener: CommitmentListener,
  ) {
    this.#highWatermark = offset(Math.max(log.startOffset, Math.min(known, log.durableEnd)));
    this.#heard = this.#highWatermark;
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }
  /** Bytes that have come below the watermark since the log was opened; only rises. */
  get committedBytes(): number {
    return this.#uncommitted.committedBytes;
  }

  get heardWatermark(): Offset {
    return this.#heard;
  }
  get isRead(): boolean {
    return this.listener.isRead();
  }

  /** The watermark is here, if it is not further already. */
  advance(watermark: Offset): void {
    if (watermark <= this.#highWatermark) return;
    this.#highWatermark = watermark;
    this.#uncommitted.commitTo(watermark);
    this.listener.moved();
  }

  /** This node's disk has everything below `end`. */
  flushed(end: Offset): void {
    this.#unflushed.commitTo(end);
  }

  /** A leader appended a batch. `waitsFor` the disk only with followers: without, both come at once. */
  appended(nextOffset: Offset, sizeBytes: number, waiter?: CommitWaiter, waitsFor: WaitsFor = 'commit'): void {
    const forDisk = waitsFor === 'disk' && waiter !== undefined;
    this.#uncommitted.add(nextOffset, sizeBytes, forDisk ? undefined : waiter);
    if (forDisk) this.#unflushed.add(nextOffset, 0, waiter);
  }

  /** One more waits for what was appended before; when that is done already, it is told inside this call. */
  await(nextOffset: Offset, waiter: CommitWaiter, waitsFor: WaitsFor): void {
    const forDisk = waitsFor === 'disk';
    if (nextOffset <= (forDisk ? this.log.durableEnd : this.#highWatermark)) waiter.committed();
    else (forDisk ? this.#unflushed : this.#uncommitted).addWaiter(nextOffset, waiter);
  }

  /** Nothing of this is committed here any more, as far as this replica can know: tells all who wait. */
  fail(reason: ApiError): void {
    this.#uncommitted.fail(reason);
    this.#unflushed.fail(reason);
    this.#tellFlushed();
  }

  /** Too few replicas are in sync: tells all who wait for others than this node, but the patient. */
  release(): void {
    if (this.#uncommitted.count === 0) return;
    const why = `${this.name} has too few replicas in sync; the batch is in the log, and may be committed yet`;
    this.#uncommitted.release(new ApiError('NOT_ENOUGH_REPLICAS_AFTER_APPEND', why));
  }

  /** What the leader told of its watermark; it holds here as far as this node's disk has everything below it. */
  heard(watermark: Offset): void {
    if (watermark > this.#heard) this.#heard = watermark;
    this.followed();
  }

  /** A follower's disk has more, or its leader is further. */
  followed(): void {
    if (this.log.durableEnd >= this.log.endOffset) this.#tellFlushed();
    this.advance(highWatermark(this.#highWatermark, this.log.durableEnd, [{ endOffset: this.#heard }]));
  }

  /** Resolves when this node's disk has everything, or never will. */
  async whenFlushed(): Promise<void> {
    if (this.log.durableEnd < this.log.endOffset) await new Promise<void>((resolve) => this.#flushes.push(resolve));
  }

  #tellFlushed(): void {
    if (this.#flushes.length === 0) return;
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const tell of flushes) tell();
  }

  /** A reign begins in which others are heard. */
  forget(): void {
    this.#heard = this.#highWatermark;
  }

  /** A follower's log was cut, and ends at `end`. */
  cut(end: Offset): void {
    this.#uncommitted.cutTo(end);
    this.#highWatermark = offset(Math.max(this.log.startOffset, Math.min(this.#highWatermark, end)));
    this.#heard = this.#highWatermark;
    this.#tellFlushed();
    this.listener.moved();
  }

  /** Of a leader without followers. */
  alone(): void {
    this.advance(highWatermark(this.#highWatermark, this.log.durableEnd, NOBODY));
  }
}

import { ApiError, asError, type Clock, type Offset } from '@trunkline/kernel';
import type { FlushMode } from './log.js';
import type { Segment } from './segment.js';
import type { Piece } from './tail-cache.js';

/** Writes up to this size are done in the turn of the append; larger ones go through the thread pool. */
const NOW_BYTES_MAX = 256 * 1024;
/** While a sync runs, less than this waits for its end: one write and one sync for all of it. */
const HOLD_BYTES = 64 * 1024;
/**
 * A write in the turn that took longer blocks everybody: the disk throttles, so leave the turn for a while, and for longer
 * each time that it is found slow again. A first one is left soon: on a machine whose processors are all busy the scheduler
 * takes as long as a slow disk now and then, and a write through the thread pool costs ten times as much.
 */
const SLOW_WRITE_MS = 4;
const SLOW_PAUSE_MS_MIN = 20;
const SLOW_PAUSE_MS_MAX = 1000;
/** Bytes that may wait for the disk; one more batch is refused. */
export const PENDING_BYTES_MAX = 128 * 1024 * 1024;

interface PendingWrite {
  readonly segment: Segment;
  readonly position: number;
  readonly pieces: Piece[];
  bytes: number;
  nextOffset: Offset;
}

interface Waiter {
  readonly target: Offset;
  resolve(end: Offset): void;
  reject(reason: Error): void;
}

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly mode: FlushMode;
  readonly flushIntervalMs: number;
  readonly end: Offset;
  onDurable(durableEnd: Offset): void;
  onFailed(reason: Error): void;
}

/**
 * Brings appended bytes to the disk: one write a turn of the event loop, and the syncs that the flush mode wants.
 *
 * Order is everything: writes happen in the order of the appends; a segment is synced before a later one counts; what
 * failed is never tried again (C56, C72), for the kernel may have dropped the pages and called them clean.
 */
export class LogWriter {
  #mode: FlushMode;
  #flushIntervalMs: number;
  #queue: PendingWrite[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  #writing = false;
  #syncing = false;
  #written: Offset;
  #synced: Offset;
  #durable: Offset;
  #dirty: Segment[] = [];
  #waiters: Waiter[] = [];
  #intervalDue = false;
  #intervalTimer: { cancel(): void } | undefined;
  #slowUntilMs = 0;
  #slowPauseMs = SLOW_PAUSE_MS_MIN;
  #failed: Error | undefined;

  constructor(private readonly options: LogWriterOptions) {
    this.#mode = options.mode;
    this.#flushIntervalMs = options.flushIntervalMs;
    this.#written = options.end;
    this.#synced = options.end;
    this.#durable = options.end;
  }

  get durableEnd(): Offset {
    return this.#durable;
  }
  /** Everything below it is on disk for good. */
  get syncedEnd(): Offset {
    return this.#synced;
  }
  get failed(): Error | undefined {
    return this.#failed;
  }
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  configure(mode: FlushMode, flushIntervalMs: number): void {
    this.#mode = mode;
    this.#flushIntervalMs = flushIntervalMs;
    this.#wrote();
  }

  /** Queues a batch; it is written at the end of this turn, or when what runs now is done. */
  enqueue(segment: Segment, position: number, piece: Piece, nextOffset: Offset): void {
    const bytes = piece.end - piece.start;
    const last = this.#queue.at(-1);
    if (last !== undefined && last.segment === segment) {
      append(last.pieces, piece);
      last.bytes += bytes;
      last.nextOffset = nextOffset;
    } else this.#queue.push({ segment, position, pieces: [piece], bytes, nextOffset });
    this.#pendingBytes += bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  /** Resolves when everything below `target` is on disk for good. Rejects when the log has failed. */
  async flush(target: Offset): Promise<Offset> {
    if (this.#failed !== undefined) throw storageError(this.#failed);
    if (this.#synced >= target) return this.#synced;
    const done = new Promise<Offset>((resolve, reject) => this.#waiters.push({ target, resolve, reject }));
    this.#drain();
    this.#startSync();
    return done;
  }

  /** The log was cut: everything that is left is on disk for good. Nothing may be pending. */
  truncated(end: Offset): void {
    this.#written = end;
    this.#synced = end;
    this.#durable = end;
    this.#dirty = [];
  }

  /** No timer is left behind. */
  stop(): void {
    this.#intervalTimer?.cancel();
    this.#intervalTimer = undefined;
  }

  /** Writes and syncs nothing more, and says nothing more. Who waits for a flush is told why. */
  abandon(reason: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = reason;
    this.#queue = [];
    this.#pendingBytes = 0;
    this.stop();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(storageError(reason));
  }

  fail(reason: Error): void {
    if (this.#failed !== undefined) return;
    this.abandon(reason);
    this.options.onFailed(reason);
  }

  #drain(heldBack = false): void {
    if (this.#writing || this.#failed !== undefined) return;
    const holds = this.#syncing && this.#mode === 'group-commit' && this.#pendingBytes < HOLD_BYTES;
    if (holds && !heldBack) return;
    while (this.#queue.length > 0) {
      const write = this.#queue[0]!;
      const file = write.segment.openFile;
      if (file === undefined || write.bytes > NOW_BYTES_MAX || this.#isSlow()) {
        this.#writing = true;
        void this.#drainLater();
        return;
      }
      this.#queue.shift();
      const before = this.options.clock.monotonicMs();
      try {
        file.writeNow(write.position, write.pieces.map(viewOf));
      } catch (reason) {
        this.fail(asError(reason));
        return;
      }
      const after = this.options.clock.monotonicMs();
      if (after - before > SLOW_WRITE_MS) this.#wasSlow(after);
      this.#took(write);
    }
  }

  async #drainLater(): Promise<void> {
    try {
      while (this.#queue.length > 0 && this.#failed === undefined) {
        const write = this.#queue.shift()!;
        const file = await write.segment.ready();
        await file.write(write.position, write.pieces.map(viewOf));
        this.#took(write);
      }
    } catch (reason) {
      this.fail(asError(reason));
    }
    this.#writing = false;
  }

  #wasSlow(nowMs: number): void {
    const isAgain = this.#slowUntilMs !== 0 && nowMs < this.#slowUntilMs + this.#slowPauseMs;
    this.#slowPauseMs = isAgain ? Math.min(this.#slowPauseMs * 2, SLOW_PAUSE_MS_MAX) : SLOW_PAUSE_MS_MIN;
    this.#slowUntilMs = nowMs + this.#slowPauseMs;
  }

  #isSlow(): boolean {
    return this.#slowUntilMs !== 0 && this.options.clock.monotonicMs() < this.#slowUntilMs;
  }

  #took(write: PendingWrite): void {
    if (this.#failed !== undefined) return;
    this.#pendingBytes -= write.bytes;
    this.#written = write.nextOffset;
    if (this.#dirty.at(-1) !== write.segment) this.#dirty.push(write.segment);
    this.#wrote();
  }

  /** Something was written, or the mode is another: moves on as the mode says. */
  #wrote(): void {
    if (this.#mode === 'group-commit') this.#startSync();
    else this.#moveDurable(this.#written);
    if (this.#waiters.length > 0) this.#startSync();
    if (this.#mode === 'interval' && this.#synced < this.#written && this.#intervalTimer === undefined) {
      this.#intervalTimer = this.options.clock.after(this.#flushIntervalMs, () => {
        this.#intervalTimer = undefined;
        this.#intervalDue = true;
        this.#startSync();
      });
    }
  }

  #startSync(): void {
    if (this.#syncing || !this.#wantsSync()) return;
    this.#syncing = true;
    void this.#syncLoop();
  }

  #wantsSync(): boolean {
    if (this.#failed !== undefined || this.#synced >= this.#written) return false;
    return this.#mode === 'group-commit' || this.#waiters.length > 0 || this.#intervalDue;
  }

  async #syncLoop(): Promise<void> {
    while (this.#wantsSync()) {
      const target = this.#written;
      const segments = this.#dirty;
      this.#dirty = [];
      this.#intervalDue = false;
      try {
        for (const segment of segments) await segment.sync();
      } catch (reason) {
        this.fail(asError(reason));
        break;
      }
      if (this.#failed !== undefined) break;
      this.#synced = target;
      this.#moveDurable(target);
      this.#answerWaiters();
      this.#drain(true);
    }
    this.#syncing = false;
  }

  #moveDurable(end: Offset): void {
    if (end <= this.#durable) return;
    this.#durable = end;
    this.options.onDurable(end);
  }

  #answerWaiters(): void {
    if (this.#waiters.length === 0) return;
    const done = this.#waiters.filter(({ target }) => target <= this.#synced);
    this.#waiters = this.#waiters.filter(({ target }) => target > this.#synced);
    for (const waiter of done) waiter.resolve(this.#synced);
  }
}

/** Batches that lie side by side in memory leave as one piece. */
function append(pieces: Piece[], piece: Piece): void {
  const last = pieces[pieces.length - 1]!;
  if (last.chunk === piece.chunk && last.end === piece.start) {
    pieces[pieces.length - 1] = { chunk: last.chunk, start: last.start, end: piece.end };
  } else pieces.push(piece);
}

function viewOf({ chunk, start, end }: Piece): Uint8Array {
  return start === 0 && end === chunk.byteLength ? chunk : chunk.subarray(start, end);
}

/** What a caller hears of a log that failed. */
export function storageError(reason: Error): ApiError {
  return new ApiError('KAFKA_STORAGE_ERROR', reason.message, { cause: reason });
}

import { ApiError } from '@trunkline/kernel';
import { type Delayed, Waiting, type WaitingConnection } from './delayed.js';
import type { CommitWaiter } from './uncommitted.js';

/** Flushing is our own affair, not another replica's: a client that grants less waits so long all the same. */
const FLUSH_WAIT_MS_MIN = 1000;

export interface ProduceWait {
  readonly timeoutMs: number;
  /** Every partition of the request. */
  readonly partitions: () => readonly ProducedPartition[];
  readonly done: () => void;
}

/**
 * A produce whose batches are in their logs and not all below the high watermark (Kafka's DelayedProduce).
 *
 * Done when every partition has been told, or when its time is over: what still waits is then told REQUEST_TIMED_OUT,
 * although it is in the log and may yet be committed.
 */
export class PendingProduce extends Waiting {
  #waiting = 0;
  #partitions: () => readonly ProducedPartition[] = () => [];
  #done: (() => void) | undefined;

  /** Whether nothing has to be waited for. */
  get isDone(): boolean {
    return this.#waiting === 0;
  }

  /** Calls `done` once, later: at the last commit, in that turn, or after the timeout. Without room: now. */
  wait(delayed: Delayed, connection: WaitingConnection, { timeoutMs, partitions, done }: ProduceWait): void {
    this.#partitions = partitions;
    this.#done = done;
    if (!delayed.enter(this, Math.max(timeoutMs, FLUSH_WAIT_MS_MIN), connection)) this.expire();
  }

  expire(): void {
    for (const partition of this.#partitions()) if (partition.isWaiting) partition.settle('REQUEST_TIMED_OUT');
  }

  abandon(): void {
    this.expire();
  }

  /** What is in the log is worth its answer, and the disk is not far: it stays. */
  stop(): void {}

  /** One partition more, or one less, has to be waited for. */
  count(by: 1 | -1): void {
    this.#waiting += by;
    if (this.#waiting > 0 || this.#done === undefined) return;
    this.leave();
    this.#done();
    this.#done = undefined;
  }
}

/** One partition of a produce: what was appended, and what becomes of it. */
export class ProducedPartition implements CommitWaiter {
  baseOffset = -1;
  logAppendTimeMs = -1;
  logStartOffset = -1;
  /** The name of Kafka's error code; undefined: none. */
  error: string | undefined;
  #isWaiting = false;

  constructor(
    readonly index: number,
    private readonly produce: PendingProduce,
  ) {}

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** From now on the produce waits for this one. Whatever is told first, here or by {@link settle}, holds. */
  expect(): void {
    this.#isWaiting = true;
    this.produce.count(1);
  }

  committed(): void {
    if (this.#isWaiting) this.settle(undefined);
  }

  failed(reason: Error): void {
    if (this.#isWaiting) this.settle(reason instanceof ApiError ? reason.code : 'KAFKA_STORAGE_ERROR');
  }

  settle(error: string | undefined): void {
    this.error = error;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.produce.count(-1);
  }
}

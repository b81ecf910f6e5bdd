import { ApiError } from '@trunkline/kernel';
import type { Delayed, Ticket, Waiting, WaitingConnection } from './delayed.js';
import type { CommitWaiter } from './uncommitted.js';

/** What becomes of one partition of a produce after its append. */
export interface ProduceOutcome {
  /** The name of Kafka's error code; undefined: none. */
  error: string | undefined;
}

/** Flushing is our own affair, not another replica's: a client that grants less waits so long all the same. */
const FLUSH_WAIT_MS_MIN = 1000;

/**
 * A produce whose batches are in their logs and not all below the high watermark (Kafka's DelayedProduce).
 *
 * Done when every partition has been told, or when its time is over: what still waits is then told REQUEST_TIMED_OUT,
 * although it is in the log and may yet be committed.
 */
export class PendingProduce implements Waiting {
  readonly #waiting = new Set<ProduceOutcome>();
  #ticket: Ticket | undefined;
  #done: (() => void) | undefined;

  /** Whether nothing has to be waited for. */
  get isDone(): boolean {
    return this.#waiting.size === 0;
  }

  /** One partition's wait. What comes of it is written into `outcome`; an append that throws must be forgotten. */
  waiter(outcome: ProduceOutcome): CommitWaiter {
    this.#waiting.add(outcome);
    return {
      committed: () => this.#settle(outcome, undefined),
      failed: (reason) => this.#settle(outcome, reason instanceof ApiError ? reason.code : 'KAFKA_STORAGE_ERROR'),
    };
  }

  forget(outcome: ProduceOutcome): void {
    this.#waiting.delete(outcome);
  }

  /** Calls `done` once, later: at the last commit, in that turn, or after `timeoutMs`. Without room: now. */
  wait(timeoutMs: number, delayed: Delayed, connection: WaitingConnection, done: () => void): void {
    this.#done = done;
    this.#ticket = delayed.enter(this, Math.max(timeoutMs, FLUSH_WAIT_MS_MIN), connection);
    if (this.#ticket === undefined) this.expire();
  }

  expire(): void {
    for (const outcome of this.#waiting) outcome.error = 'REQUEST_TIMED_OUT';
    this.#finish();
  }

  abandon(): void {
    this.#finish();
  }

  /** What is in the log is worth its answer, and the disk is not far: it stays. */
  stop(): void {}

  #settle(outcome: ProduceOutcome, error: string | undefined): void {
    if (!this.#waiting.delete(outcome)) return;
    outcome.error = error;
    if (this.#waiting.size > 0 || this.#ticket === undefined) return;
    this.#ticket.leave();
    this.#finish();
  }

  #finish(): void {
    this.#waiting.clear();
    this.#done?.();
    this.#done = undefined;
  }
}

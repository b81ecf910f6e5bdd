import { ApiError } from './error.js';

/** More tasks wait in a lane than it may hold. */
export class LaneFull extends ApiError<'LANE_FULL'> {
  constructor(detail: string) {
    super('LANE_FULL', detail);
    this.name = 'LaneFull';
  }
}

/**
 * Runs tasks one after the other, in the order in which they came. The house has lanes instead of locks.
 *
 * Not promised: fairness between lanes. A task that never settles blocks its lane for good: give it a deadline.
 */
export class Lane {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `waitingMax`: tasks, running one included, that may be in the lane; one more is refused with {@link LaneFull}. */
  constructor(
    readonly name: string,
    readonly waitingMax: number,
  ) {}

  /** Tasks in the lane now, the running one included. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `task` after all earlier ones. Rejects with the task's own error, or with {@link LaneFull} at once. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting === this.waitingMax) {
      return Promise.reject(new LaneFull(`${this.name}: ${this.waitingMax} tasks wait already`));
    }
    this.#waiting += 1;
    const result = this.#tail.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = result.catch(() => {}); // A task's failure is its caller's, never the next task's.
    return result;
  }

  /** Resolves when every task that is in the lane now has settled. Never rejects. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

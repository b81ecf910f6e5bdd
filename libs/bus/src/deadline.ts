import type { Clock } from '@trunkline/kernel';

/** Waits for `settled`, at most `deadlineMs`. Resolves with whether it came in time; its failure counts as settled. */
export function within(clock: Clock, deadlineMs: number, settled: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(deadlineMs, () => resolve(false));
    const inTime = (): void => {
      timer.cancel();
      resolve(true);
    };
    settled.then(inTime, inTime);
  });
}

/** Lets others wait until something is empty. */
export class Emptiness {
  #waiting: (() => void)[] = [];

  constructor(readonly isEmpty: () => boolean) {}

  /** Resolves when it is empty, at once when it is now. */
  async wait(): Promise<void> {
    if (!this.isEmpty()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** To be called whenever it may have become empty. */
  changed(): void {
    if (this.#waiting.length === 0 || !this.isEmpty()) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

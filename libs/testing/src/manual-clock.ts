import type { Clock, Timer } from '@trunkline/kernel';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #timers: { due: number; order: number; run: () => void }[] = [];
  #order = 0;

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.length;
  }

  nowMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { due: this.#now + delayMs, order: this.#order++, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Moves on by `ms`, and runs what falls due on the way, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((left, right) => left.due - right.due || left.order - right.order);
      if (next === undefined || next.due > until) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = until;
  }
}

import type { Random } from '@trunkline/kernel';

/** Parts of a wait that dice decide upon: that many in a hundred more or less. */
const JITTER_PERCENT = 20;

/** How long to wait after failures: twice as long after each, with jitter, so that nodes do not come all at once. */
export class Backoff {
  #failures = 0;

  constructor(
    private readonly random: Random,
    private readonly firstMs: number,
    private readonly mostMs: number,
  ) {}

  /** Counts a failure; returns how many milliseconds to wait after it. */
  failed(): number {
    const plainMs = Math.min(this.mostMs, this.firstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    const percent = 100 - JITTER_PERCENT + this.random.below(2 * JITTER_PERCENT + 1);
    return Math.ceil((plainMs * percent) / 100);
  }

  /** It went well: the next failure counts as the first. */
  succeeded(): void {
    this.#failures = 0;
  }
}

import type { Random } from '@trunkline/kernel';

const JITTER_PERCENT = 20;
const DOUBLINGS_MAX = 20;

/** `firstMs` after the first failure in a row, twice as much after each further one, up to `maxMs`; 0 after none. */
export function doubledMs(failures: number, firstMs: number, maxMs: number): number {
  if (failures <= 0) return 0;
  return Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
}

/** {@link doubledMs}, a fifth more or less (KIP-601): clients that failed together do not come back together. */
export function backoffMs(failures: number, firstMs: number, maxMs: number, random: Random): number {
  if (failures <= 0) return 0;
  const percent = 100 - JITTER_PERCENT + random.below(2 * JITTER_PERCENT + 1);
  return Math.round((doubledMs(failures, firstMs, maxMs) * percent) / 100);
}

/** Counts the failures in a row of one thing, and gives the pause after each: {@link doubledMs}. */
export class Backoff {
  #failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {}

  next(): number {
    this.#failures += 1;
    return doubledMs(this.#failures, this.firstMs, this.maxMs);
  }

  reset(): void {
    this.#failures = 0;
  }
}

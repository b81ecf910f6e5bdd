import type { Random } from '@trunkline/kernel';

/** A pause before the repetition after so many failures: doubling up to the most, and up to a fifth more or less. */
export function pauseMs(
  failures: number,
  { retryBackoffMs, retryBackoffMaxMs }: { readonly retryBackoffMs: number; readonly retryBackoffMaxMs: number },
  random: Random,
): number {
  const plainMs = Math.min(retryBackoffMaxMs, retryBackoffMs * 2 ** Math.min(Math.max(failures - 1, 0), 20));
  return Math.ceil((plainMs * (80 + random.below(41))) / 100);
}

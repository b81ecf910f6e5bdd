import type { Random } from '@trunkline/kernel';

const JITTER_PERCENT = 20;
const DOUBLINGS_MAX = 20;

/** How long to wait before try number `failures` + 1: doubles up to `maxMs`, a fifth more or less (KIP-601). */
export function backoffMs(failures: number, firstMs: number, maxMs: number, random: Random): number {
  if (failures <= 0) return 0;
  const plain = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  const percent = 100 - JITTER_PERCENT + random.below(2 * JITTER_PERCENT + 1);
  return Math.round((plain * percent) / 100);
}

import type { Offset } from '@trunkline/kernel';

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** An int64 of a client as an offset; what no log can hold becomes the nearest that is out of range everywhere. */
export function clampedOffset(value: bigint): Offset {
  if (value > LARGEST) return Number.MAX_SAFE_INTEGER as Offset;
  return (value < -LARGEST ? Number.MIN_SAFE_INTEGER : Number(value)) as Offset;
}

import { ApiError } from '@trunkline/kernel';

/** Topics or resources that one request may change. */
export const CHANGED_MAX = 10_000;
/** Resources that one request may ask about: each costs far more to answer than to name. */
export const DESCRIBED_MAX = 20_000;

/** Throws POLICY_VIOLATION for a request that would keep everybody else waiting. */
export function refuseLarge(count: number, countMax: number): void {
  if (count <= countMax) return;
  throw new ApiError('POLICY_VIOLATION', `The request names ${count} things; at most ${countMax} are taken at once`);
}

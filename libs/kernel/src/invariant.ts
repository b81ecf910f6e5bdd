/** Our own fault. Nobody catches it: the process, or the simulated node, ends. */
export class InvariantViolated extends Error {
  constructor(claim: string) {
    super(`does not hold: ${claim}`);
    this.name = 'InvariantViolated';
  }
}

/**
 * Says what must hold here, in words. Stays on in production.
 *
 * For what callers or peers may get wrong use an `ApiError` or a `TrunklineError`: a broken invariant is a defect of ours.
 */
export function invariant(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new InvariantViolated(claim);
}

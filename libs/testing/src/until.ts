import { asError } from '@trunkline/kernel';

/** How often a condition is looked at, ms. */
const LOOK_EVERY_MS = 10;

/**
 * Waits until `condition` gives something other than false or undefined, and resolves with it. An error that it throws
 * counts as "not yet". Rejects after `limitMs` with `what` and the last error.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 20_000,
): Promise<Exclude<T, false | undefined>> {
  const startedMs = performance.now();
  let last: unknown;
  while (performance.now() - startedMs < limitMs) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      last = undefined;
    } catch (reason) {
      last = reason;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`not within ${limitMs} ms: ${what}${last === undefined ? '' : ` (${asError(last).message})`}`);
}

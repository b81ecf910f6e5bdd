import { ApiError, type Clock } from '@trunkline/kernel';

/** What a client is waited for that says 0 or less, ms. */
const DEFAULT_MS = 30_000;

/**
 * The result of an admin request, or REQUEST_TIMED_OUT after the client's `timeoutMs`: what was begun may go on
 * (semantics, item 161).
 */
export function inTime<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  const limitMs = timeoutMs > 0 ? timeoutMs : DEFAULT_MS;
  return new Promise<T>((resolve, reject) => {
    const late = clock.after(limitMs, () => {
      reject(new ApiError('REQUEST_TIMED_OUT', `not done after ${limitMs} ms; it may be done yet`));
    });
    work.then(resolve, reject).finally(() => late.cancel());
  });
}

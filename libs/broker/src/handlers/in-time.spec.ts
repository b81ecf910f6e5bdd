import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@trunkline/kernel';
import { errorName } from '@trunkline/protocol';
import { ManualClock } from '@trunkline/testing';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';

describe('an admin request', () => {
  it('is answered with what came of it', async () => {
    const clock = new ManualClock();
    await expect(inTime(clock, 1000, Promise.resolve('done'))).resolves.toBe('done');
    await expect(inTime(clock, 1000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(clock.pending).toBe(0);
  });

  it.each([
    [1000, 1000],
    [0, 30_000],
    [-1, 30_000],
  ])('that gives %i ms is told after %i ms that it is not done', async (timeoutMs, limitMs) => {
    const clock = new ManualClock();
    const answer = inTime(clock, timeoutMs, new Promise(() => {}));
    clock.advance(limitMs - 1);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await expect(answer).rejects.toThrow(`REQUEST_TIMED_OUT: not done after ${limitMs} ms`);
  });

  it('is told by a code that its version knows that it has to wait', () => {
    const throttled = new ApiError('THROTTLING_QUOTA_EXCEEDED', 'later');
    expect(errorName(adminError(throttled, 5, 6).errorCode)).toBe('REQUEST_TIMED_OUT');
    expect(errorName(adminError(throttled, 6, 6).errorCode)).toBe('THROTTLING_QUOTA_EXCEEDED');
    expect(adminError(undefined)).toEqual({ errorCode: 0, errorMessage: null });
  });
});

import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@trunkline/testing';
import { type Exchange, type Interceptor, compose, timeout } from './interceptor.js';
import type { Message } from './message.js';

const exchange: Exchange = {
  kind: 'work',
  channel: 'q',
  payload: 1,
  message: {} as Message,
  signal: new AbortController().signal,
};

describe('interceptors', () => {
  it('wrap what comes next, the first one outermost', async () => {
    const seen: string[] = [];
    const noting =
      (name: string): Interceptor =>
      (next) =>
      async (given) => {
        seen.push(`${name} in`);
        const result = await next({ ...given, payload: Number(given.payload) + 1 });
        seen.push(`${name} out`);
        return result;
      };
    const run = compose([noting('a'), noting('b')], async ({ payload }) => payload);
    expect(await run(exchange)).toBe(3);
    expect(seen).toEqual(['a in', 'b in', 'b out', 'a out']);
  });
});

describe('a time limit', () => {
  it('fails the attempt and aborts its signal', async () => {
    const clock = new ManualClock();
    let reason: unknown;
    const run = timeout(
      100,
      clock,
    )(async ({ signal }) => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      await new Promise(() => {});
    });
    const result = run(exchange);
    clock.advance(100);
    await expect(result).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('q: the handler took over 100 ms'),
    });
    expect(reason).toMatchObject({ code: 'TIMED_OUT' });
  });

  it('leaves a quick handler alone, and no timer behind', async () => {
    const clock = new ManualClock();
    expect(await timeout(100, clock)(async () => 5)(exchange)).toBe(5);
    expect(clock.pending).toBe(0);
  });
});

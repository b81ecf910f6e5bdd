import { describe, expect, it } from '@jest/globals';
import { json, text } from './codec.js';
import { call, queue, topic } from './contract.js';
import { exponential, fixed, pauseMs } from './retry.js';

describe('contracts', () => {
  it('carry a name, a codec and what was asked for', () => {
    const codec = json<number>();
    expect(topic('orders.placed', codec)).toEqual({ kind: 'topic', name: 'orders.placed', codec, tombstones: false });
    expect(queue('email.send', codec, { partitions: 8, retry: { attempts: 2 } })).toMatchObject({
      kind: 'queue',
      partitions: 8,
      retry: { attempts: 2, backoff: { firstMs: 200 } },
    });
    expect(call('ask', { request: codec, reply: text() })).toMatchObject({ kind: 'call', timeoutMs: 30_000 });
    expect(call.stream('rows', { request: codec, item: text(), timeoutMs: 5 })).toMatchObject({
      kind: 'stream',
      timeoutMs: 5,
    });
    expect(queue('email.send', codec).retry.attempts).toBe(5);
  });

  it.each([
    '',
    'no spaces',
    'päth',
    'a/b',
    '..',
    '__proto__',
    '__consumer_offsets',
    'x'.repeat(151),
    'a.inbox',
    'b.control',
  ])('refuse the name "%s", and say what a name is', (name) => {
    expect(() => topic(name, text())).toThrow(/^\[MISUSE\] topic "/);
  });

  it('refuse what is not bounded, with the value and what is allowed', () => {
    const codec = text();
    expect(() => queue('q', codec, { retry: { attempts: 101 } })).toThrow(
      'queue q: retry.attempts is 101; give a whole number from 1 to 100',
    );
    expect(() => queue('q', codec, { retry: { attempts: Infinity } })).toThrow('MISUSE');
    expect(() => exponential(1_000, 10)).toThrow('0 <= firstMs <= maxMs');
    expect(() => call('c', { request: codec, reply: codec, timeoutMs: 0 })).toThrow('call c: timeoutMs is 0');
    expect(() => topic('t', codec, { partitions: 0 })).toThrow('partitions is 0');
    expect(() => topic('t', codec, { retentionMs: 1.5 })).toThrow('retentionMs is 1.5');
  });
});

describe('the pause between two attempts', () => {
  const dice = (part: number) => ({
    below: (limit: number) => Math.floor((limit - 1) * part),
    uuid: () => '' as never,
  });

  it('doubles up to its limit', () => {
    const most = [1, 2, 3, 4, 10, 100].map((attempt) => pauseMs(exponential(100, 500), attempt, dice(1)));
    expect(most).toEqual([100, 200, 400, 500, 500, 500]);
  });

  it('is between half of it and all of it', () => {
    expect(pauseMs(fixed(100), 1, dice(0))).toBe(50);
    expect(pauseMs(fixed(100), 9, dice(1))).toBe(100);
    expect(pauseMs(fixed(0), 1, dice(1))).toBe(0);
  });
});

import { describe, expect, it } from '@jest/globals';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import { PARTITION } from './keys.js';
import { whole, wholeOrNone } from './numbers.js';
import { Outcomes, failed, succeeded } from './outcome.js';

const refused = new KafkaError('NOT_LEADER_OR_FOLLOWER', 'it has moved');
const outcomes = new Outcomes<TopicPartition, number>(PARTITION, [
  [{ topic: 'orders', partition: 0 }, succeeded(7)],
  [{ topic: 'orders', partition: 1 }, failed(refused)],
]);

describe('outcomes', () => {
  it('are found by what their key says', () => {
    expect(outcomes.get({ partition: 0, topic: 'orders' })).toEqual({ ok: true, value: 7 });
    expect(outcomes.value({ topic: 'orders', partition: 0 })).toBe(7);
  });

  it('throw the error of the item whose value is wanted', () => {
    expect(() => outcomes.value({ topic: 'orders', partition: 1 })).toThrow(refused);
  });

  it('say MISUSE of an item that the call did not name', () => {
    expect(outcomes.get({ topic: 'orders', partition: 2 })).toBeUndefined();
    expect(() => outcomes.value({ topic: 'orders', partition: 2 })).toThrow(
      '[MISUSE] topic orders/2: the call did not name it',
    );
  });

  it('tell which items failed', () => {
    expect(outcomes.failures).toEqual([[{ topic: 'orders', partition: 1 }, refused]]);
  });

  it('throw the first error when all should have gone well', () => {
    expect(() => outcomes.check()).toThrow(refused);
    expect(() => outcomes.values()).toThrow(refused);
  });

  it('are given in the order of the call', () => {
    expect([...outcomes].map(([{ partition }]) => partition)).toEqual([0, 1]);
    expect(outcomes.keys().map(({ partition }) => partition)).toEqual([0, 1]);
    expect(outcomes.size).toBe(2);
  });

  it('keep their errors when the values are made anew', () => {
    const doubled = outcomes.map((value) => value * 2);
    expect(doubled.value({ topic: 'orders', partition: 0 })).toBe(14);
    expect(doubled.failures.length).toBe(1);
  });
});

describe('numbers of answers', () => {
  it('are numbers up to 2^53 - 1', () => {
    expect(whole(2n ** 53n - 1n, 'the offset')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('are refused beyond', () => {
    expect(() => whole(2n ** 53n, 'the offset')).toThrow('[PROTOCOL_VIOLATION] the offset 9007199254740992');
  });

  it('are none when they are negative', () => {
    expect(wholeOrNone(-1n, 'the offset')).toBeUndefined();
    expect(wholeOrNone(0n, 'the offset')).toBe(0);
  });
});

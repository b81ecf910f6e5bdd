import { describe, expect, it } from '@jest/globals';
import { KafkaError, type KafkaErrorName } from '../error.js';
import { TOPIC } from './keys.js';
import { Rounds, type RoundsLimits } from './rounds.js';

const NOT_CONTROLLER = 41;
const UNKNOWN_TOPIC = 3;
const INVALID_CONFIG = 40;

function rounds(keys: readonly string[], over: Partial<RoundsLimits> = {}): Rounds<string, string> {
  return new Rounds<string, string>(TOPIC, keys, {
    deadlineMs: 1_000,
    backoffMs: 100,
    backoffMaxMs: 300,
    unknownTopicWaitMs: 0,
    again: new Set<KafkaErrorName>(['NOT_CONTROLLER']),
    ...over,
  });
}

function codeOf(play: () => unknown): string {
  try {
    play();
    return 'no error';
  } catch (reason) {
    return (reason as KafkaError).code;
  }
}

describe('the rounds of a call', () => {
  it('are done when every item has its answer', () => {
    const call = rounds(['a', 'b']);
    expect(call.begin(0)).toEqual(['a', 'b']);
    call.answer('b', 0, null, () => 'B');
    call.answer('a', 0, null, () => 'A');
    expect(call.end(0, 0.5)).toEqual({ kind: 'done' });
    expect([...call.outcomes()].map(([key, { value }]) => [key, value])).toEqual([
      ['a', 'A'],
      ['b', 'B'],
    ]);
  });

  it('ask again only for what has moved', () => {
    const call = rounds(['a', 'b', 'c']);
    call.begin(0);
    call.answer('a', NOT_CONTROLLER, null, () => 'A');
    call.answer('b', INVALID_CONFIG, 'no such config', () => 'B');
    call.answer('c', 0, null, () => 'C');
    expect(call.end(0, 0.5)).toEqual({ kind: 'again', delayMs: 100 });
    expect(call.begin(100)).toEqual(['a']);
    call.answer('a', 0, null, () => 'A');
    expect(call.end(100, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().failures.map(([key, { code }]) => [key, code])).toEqual([['b', 'INVALID_CONFIG']]);
  });

  it('wait longer each time, up to the limit, a fifth more or less by dice', () => {
    const call = rounds(['a'], { deadlineMs: 100_000 });
    const delays = [0.5, 0.5, 0.5, 0, 1].map((dice) => {
      call.begin(0);
      call.answer('a', NOT_CONTROLLER, null, () => 'A');
      const step = call.end(0, dice);
      return step.kind === 'again' && step.delayMs;
    });
    expect(delays).toEqual([100, 200, 300, 240, 360]);
  });

  it('wait no shorter than the broker asks for', () => {
    const call = rounds(['a'], { deadlineMs: 100_000 });
    call.begin(0);
    call.throttled(700);
    call.answer('a', NOT_CONTROLLER, null, () => 'A');
    expect(call.end(0, 0.5)).toEqual({ kind: 'again', delayMs: 700 });
    call.begin(700);
    call.answer('a', NOT_CONTROLLER, null, () => 'A');
    expect(call.end(700, 0.5)).toEqual({ kind: 'again', delayMs: 200 });
  });

  it('end when the next one would begin after the time is over, with what was said last', () => {
    const call = rounds(['a']);
    call.begin(850);
    call.answer('a', NOT_CONTROLLER, null, () => 'A');
    expect(call.end(900, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().get('a')?.error?.code).toBe('NOT_CONTROLLER');
  });

  it('tell what a broker said rather than that it fell silent later', () => {
    const call = rounds(['a']);
    call.begin(0);
    call.answer('a', NOT_CONTROLLER, null, () => 'A');
    call.end(0, 0.5);
    call.begin(100);
    call.fail(['a'], new KafkaError('TIMED_OUT', 'no answer'));
    expect(call.end(1_000, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().get('a')?.error?.code).toBe('NOT_CONTROLLER');
  });

  it('tell what went wrong first rather than that the time is over', () => {
    const call = rounds(['a']);
    call.begin(0);
    call.fail(['a'], new KafkaError('UNREACHABLE', 'nobody listens'));
    call.end(0, 0.5);
    call.begin(100);
    call.fail(['a'], new KafkaError('TIMED_OUT', 'the time of the call is over'));
    call.end(1_000, 0.5);
    expect(codeOf(() => call.outcomes())).toBe('UNREACHABLE');
  });

  it('make the call fail when no item ever got an answer', () => {
    const call = rounds(['a', 'b']);
    call.begin(0);
    call.fail(['a', 'b'], new KafkaError('UNSUPPORTED_BROKER', 'too old'));
    expect(call.end(0, 0.5)).toEqual({ kind: 'done' });
    expect(codeOf(() => call.outcomes())).toBe('UNSUPPORTED_BROKER');
  });

  it('let items without an answer fail alone when others got one', () => {
    const call = rounds(['a', 'b']);
    call.begin(0);
    call.fail(['a'], new KafkaError('UNSUPPORTED_BROKER', 'too old'));
    call.answer('b', 0, null, () => 'B');
    call.end(0, 0.5);
    expect(call.outcomes().value('b')).toBe('B');
    expect(call.outcomes().get('a')?.error?.code).toBe('UNSUPPORTED_BROKER');
  });

  it('blame the broker for an item that it left out', () => {
    const call = rounds(['a', 'b']);
    call.begin(0);
    call.answer('a', 0, null, () => 'A');
    expect(call.end(0, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().get('b')?.error?.code).toBe('PROTOCOL_VIOLATION');
  });

  it('ignore what nobody asked for, and what is said twice', () => {
    const call = rounds(['a']);
    call.begin(0);
    call.answer('stranger', 0, null, () => 'S');
    call.answer('a', 0, null, () => 'A');
    call.answer('a', INVALID_CONFIG, null, () => 'A again');
    expect(call.end(0, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().size).toBe(1);
    expect(call.outcomes().value('a')).toBe('A');
  });

  it('refuse an item that is named twice', () => {
    expect(codeOf(() => rounds(['a', 'a']))).toBe('MISUSE');
  });

  it('take an unknown topic for final when they are not told to wait', () => {
    const call = rounds(['a']);
    call.begin(0);
    call.answer('a', UNKNOWN_TOPIC, null, () => 'A');
    expect(call.end(0, 0.5)).toEqual({ kind: 'done' });
  });

  it('give an unknown topic time to become known', () => {
    const call = rounds(['a'], { unknownTopicWaitMs: 150 });
    call.begin(0);
    call.answer('a', UNKNOWN_TOPIC, null, () => 'A');
    expect(call.end(0, 0.5)).toEqual({ kind: 'again', delayMs: 100 });
    call.begin(100);
    call.answer('a', UNKNOWN_TOPIC, null, () => 'A');
    expect(call.end(100, 0.5)).toEqual({ kind: 'done' });
    expect(call.outcomes().get('a')?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('make a value that cannot be read the error of its item', () => {
    const call = rounds(['a', 'b']);
    call.begin(0);
    call.answer('a', 0, null, () => {
      throw new KafkaError('PROTOCOL_VIOLATION', 'beyond 2^53 - 1');
    });
    call.answer('b', 0, null, () => 'B');
    call.end(0, 0.5);
    expect(call.outcomes().get('a')?.error?.code).toBe('PROTOCOL_VIOLATION');
    expect(call.outcomes().get('b')?.ok).toBe(true);
  });
});

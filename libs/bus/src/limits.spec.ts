import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS, limitsOf } from './limits.js';

const engine = { name: 'small', messageBytesMax: 500_000 };

describe('limits', () => {
  it('are the defaults, and what was given over them', () => {
    expect(limitsOf({ concurrency: 3 }, { ...engine, messageBytesMax: 1 << 24 })).toEqual({
      ...DEFAULT_LIMITS,
      concurrency: 3,
    });
  });

  it('let a message be no larger than its engine takes', () => {
    expect(limitsOf(undefined, engine).messageBytesMax).toBe(500_000);
    expect(() => limitsOf({ messageBytesMax: 600_000 }, engine)).toThrow(
      "limits.messageBytesMax is 600000; the engine small takes 500000; lower it, or raise the engine's own",
    );
  });

  it('name the limit, the value and what is allowed', () => {
    expect(() => limitsOf({ requestsPendingMax: 0 }, engine)).toThrow(
      'limits.requestsPendingMax is 0; give a whole number from 1 to 1000000',
    );
    expect(() => limitsOf({ concurrency: Number.NaN }, engine)).toThrow('limits.concurrency is NaN');
    const unknown = { concurency: 1 };
    expect(() => limitsOf(unknown as object, engine)).toThrow('limits.concurency is not a limit of the bus');
  });
});

import { describe, expect, it } from '@jest/globals';
import { producerSettings } from './producer-options.js';

describe('producer options', () => {
  it('are idempotent, with acks of all, when nothing is said', () => {
    expect(producerSettings()).toMatchObject({ acks: -1, idempotent: true, inFlightMax: 5, lingerMs: 0 });
  });

  it('are not idempotent with fewer acks, when nothing is said of it', () => {
    expect(producerSettings({ acks: 1 }).idempotent).toBe(false);
  });

  it('keep their defaults where undefined is given', () => {
    expect(producerSettings({ lingerMs: undefined } as never).lingerMs).toBe(0);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(producerSettings())).toBe(true);
  });

  it.each([
    [{ lingerMs: -1 }, 'lingerMs is -1; allowed is a whole number from 0 to 60000'],
    [{ batchBytesMax: 1.5 }, 'batchBytesMax is 1.5'],
    [{ acks: 2 as never }, 'acks is 2; allowed is -1, 0 or 1'],
    [{ compression: 'rar' as never }, 'compression is rar; allowed is none, gzip, snappy, lz4, zstd'],
    [{ acks: 1 as const, idempotent: true }, 'acks is 1; allowed is -1 when idempotent is true'],
    [{ inFlightMax: 6 }, 'inFlightMax is 6; allowed is at most 5 when idempotent is true'],
    [{ transactionalId: '' }, 'allowed is a text that is not empty'],
    [{ transactionalId: 'x', idempotent: false }, 'true for a producer with a transactionalId'],
  ])('say what is wrong with %j', (options, text) => {
    expect(() => producerSettings(options)).toThrow(text);
    expect(() => producerSettings(options)).toThrow('[MISUSE] producer options');
  });
});

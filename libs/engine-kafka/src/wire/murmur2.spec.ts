import { describe, expect, it } from '@jest/globals';
import { murmur2, partitionOfKey } from './murmur2.js';

describe('murmur2', () => {
  it('gives the numbers of the Java client', () => {
    const expected: Readonly<Record<string, number>> = {
      '21': -973932308,
      foobar: -790332482,
      'a-little-bit-long-string': -985981536,
      'a-little-bit-longer-string': -1486304829,
      lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
      abc: 479470107,
    };
    for (const [text, hash] of Object.entries(expected))
      expect([text, murmur2(Buffer.from(text))]).toEqual([text, hash]);
  });

  it('never gives a negative partition', () => {
    for (let key = 0; key < 1_000; key++) {
      const partition = partitionOfKey(Buffer.from(String(key)), 7);
      expect(partition >= 0 && partition < 7).toBe(true);
    }
  });
});

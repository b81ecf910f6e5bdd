import { describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { LogFixture, appendTo, batchOf } from '@trunkline/testing';
import { EpochCache } from './epoch-cache.js';

const epochs = (...reigns: [number, number][]): EpochCache => {
  const cache = new EpochCache();
  for (const [epoch, start] of reigns) cache.begin(epoch as Epoch, start as Offset);
  return cache;
};
const endFor = (cache: EpochCache, asked: number, logEnd = 100): unknown =>
  Object.values(cache.endOffsetFor(asked as Epoch, logEnd as Offset) ?? {});

describe('leader epochs', () => {
  it('answer with the largest epoch not beyond the one asked for, and where it ends (105, KIP-279)', () => {
    const cache = epochs([2, 10], [4, 30], [7, 60]);
    expect(endFor(cache, 7)).toEqual([7, 100]);
    expect(endFor(cache, 6)).toEqual([4, 60]);
    expect(endFor(cache, 4)).toEqual([4, 60]);
    expect(endFor(cache, 3)).toEqual([2, 30]);
    expect(endFor(cache, 8)).toEqual([]);
    expect(endFor(cache, -1)).toEqual([]);
    expect(endFor(cache, 1)).toEqual([1, 10]); // Below the first: where that one starts (KAFKA-7415).
    expect(endFor(epochs(), 0)).toEqual([]);
  });

  it('know under which epoch an offset was written, or will be', () => {
    const cache = epochs([2, 10], [4, 30]);
    expect([9, 10, 29, 30, 99].map((at) => cache.epochFor(at as Offset))).toEqual([undefined, 2, 2, 4, 4]);
  });

  it('only rise; a reign without records gives way to the next', () => {
    const cache = epochs([2, 10], [4, 30], [3, 40], [5, 30]);
    expect(new TextDecoder().decode(cache.encode())).toBe('0\n2\n2 10\n5 30\n');
  });

  it('are cut with the log, at both ends', () => {
    const cache = epochs([2, 10], [4, 30], [7, 60]);
    cache.truncateEnd(60 as Offset);
    expect(cache.latest).toBe(4);
    cache.truncateStart(35 as Offset);
    expect(new TextDecoder().decode(cache.encode())).toBe('0\n1\n4 35\n');
    expect(endFor(cache, 3)).toEqual([3, 35]);
  });

  it('are on disk before a leader serves, and come from the batches after a crash', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await log.beginEpoch(3 as Epoch, 0 as Offset);
    appendTo(log, ['a']);
    log.appendAsLeader(batchOf(['b']), 5 as Epoch);
    await log.flush();
    const again = await fixture.open();
    expect(again.endOffsetForEpoch(3 as Epoch)).toEqual({ epoch: 3, endOffset: 1 });
    expect(again.endOffsetForEpoch(5 as Epoch)).toEqual({ epoch: 5, endOffset: 2 });
    await again.beginEpoch(9 as Epoch, 2 as Offset);
    const third = await fixture.open();
    expect(third.endOffsetForEpoch(9 as Epoch)).toEqual({ epoch: 9, endOffset: 2 });
    await third.truncateTo(2 as Offset); // Nothing to cut, but the empty reign goes (KAFKA-10706).
    expect(third.epochForOffset(2 as Offset)).toBe(5);
    await third.close();
  });
});

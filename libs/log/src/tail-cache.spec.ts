import { describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { RecordBatch } from '@trunkline/records';
import { batchOf } from '@trunkline/testing';
import { TailBudget, TailCache } from './tail-cache.js';

function fill(cache: TailCache, from: number, count: number, bytes = 100): number {
  let size = 0;
  for (let at = from; at < from + count; at++) {
    const batch = batchOf([{ value: new Uint8Array(bytes).fill(at) }]);
    batch.assign(at as Offset, 0 as Epoch);
    const { start, end } = cache.add(batch);
    size = end - start;
  }
  return size;
}

describe('the tail cache', () => {
  it('gives small batches that follow each other as one chunk, without a copy', () => {
    const cache = new TailCache(1e6, new TailBudget(1e6));
    const size = fill(cache, 0, 20);
    const first = cache.read(0, 20, 1e6, true)!;
    expect([first.chunks.length, first.sizeBytes, first.nextOffset]).toEqual([1, 20 * size, 20]);
    const again = cache.read(3, 20, 1e6, true)!;
    expect(again.chunks[0]!.buffer).toBe(first.chunks[0]!.buffer);
    expect(RecordBatch.parse(again.chunks[0]!).baseOffset).toBe(3);
  });

  it('keeps large batches as they came', () => {
    const cache = new TailCache(1e6, new TailBudget(1e6));
    const batch = batchOf([{ value: new Uint8Array(9000) }]);
    expect(cache.add(batch)).toMatchObject({ chunk: batch.bytes, start: 0, end: batch.sizeBytes });
    expect(cache.read(0, 1, 1e6, true)!.chunks[0]).toBe(batch.bytes);
  });

  it('stops before bytesMax, but gives one batch when it is asked for at least one', () => {
    const cache = new TailCache(1e6, new TailBudget(1e6));
    const size = fill(cache, 0, 10);
    expect(cache.read(0, 10, 3 * size, true)).toMatchObject({ sizeBytes: 3 * size, nextOffset: 3 });
    expect(cache.read(4, 10, 3 * size - 1, false)).toMatchObject({ sizeBytes: 2 * size, nextOffset: 6 });
    expect(cache.read(4, 10, 1, true)).toMatchObject({ sizeBytes: size, nextOffset: 5 });
    expect(cache.read(4, 10, 1, false)).toMatchObject({ chunks: [], sizeBytes: 0, nextOffset: 4 });
    expect(cache.read(4, 6, 1e6, true)).toMatchObject({ nextOffset: 6 });
  });

  it('forgets the oldest beyond its limit', () => {
    const cache = new TailCache(1000, new TailBudget(1e6));
    fill(cache, 0, 300);
    expect(cache.sizeBytes).toBeLessThanOrEqual(1000);
    expect(cache.read(0, 300, 1e6, true)).toBeUndefined();
    expect(cache.read(cache.startOffset!, 300, 1e6, true)!.nextOffset).toBe(300);
  });

  it('shares a budget: the ones filled first give up theirs', () => {
    const budget = new TailBudget(10_000);
    const caches = [1, 2, 3].map(() => new TailCache(1e6, budget));
    fill(caches[0]!, 0, 40);
    fill(caches[1]!, 0, 40);
    fill(caches[2]!, 0, 40);
    expect(budget.usedBytes).toBeLessThanOrEqual(10_000);
    expect(budget.usedBytes).toBe(caches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    for (const cache of caches) cache.clear();
    expect(budget.usedBytes).toBe(0);
  });

  it('forgets what is cut, and never gives what stood there', () => {
    const cache = new TailCache(1e6, new TailBudget(1e6));
    fill(cache, 0, 10);
    cache.truncateTo(5);
    expect(cache.read(4, 10, 1e6, true)!.nextOffset).toBe(5);
    fill(cache, 5, 5, 50);
    expect(cache.read(5, 10, 1e6, true)!.nextOffset).toBe(10);
  });
});

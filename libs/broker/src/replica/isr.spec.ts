import { describe, expect, it } from '@jest/globals';
import { offset } from '@trunkline/kernel';
import { effectiveMinIsr, highWatermark, lastStableOffset } from './isr.js';

const at = (value: number) => ({ endOffset: offset(value) });

describe('the high watermark', () => {
  it('is the leader’s durable end when it stands alone', () => {
    expect(highWatermark(offset(3), offset(7), [])).toBe(7);
  });

  it('waits for the slowest replica in sync', () => {
    expect(highWatermark(offset(3), offset(9), [at(8), at(5), at(9)])).toBe(5);
  });

  it('is held by the leader when a follower is ahead of what the leader has made durable', () => {
    expect(highWatermark(offset(3), offset(4), [at(8)])).toBe(4);
  });

  it('never moves back', () => {
    expect(highWatermark(offset(6), offset(9), [at(2)])).toBe(6);
    expect(highWatermark(offset(6), offset(2), [])).toBe(6);
  });
});

describe('the last stable offset', () => {
  it('is the high watermark when no transaction is open', () => {
    expect(lastStableOffset(offset(5), undefined)).toBe(5);
  });

  it('ends where the oldest open transaction begins', () => {
    expect(lastStableOffset(offset(5), offset(2))).toBe(2);
  });

  it('does not pass the high watermark when the transaction began behind it', () => {
    expect(lastStableOffset(offset(5), offset(8))).toBe(5);
  });
});

describe('the minimum of replicas in sync', () => {
  it('counts at most the replicas there are', () => {
    expect(effectiveMinIsr(2, 1)).toBe(1);
    expect(effectiveMinIsr(2, 3)).toBe(2);
  });
});

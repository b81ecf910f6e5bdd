import { describe, expect, it } from '@jest/globals';
import type { Offset } from '@trunkline/kernel';
import * as fc from 'fast-check';
import { UncommittedAppends } from './uncommitted.js';

describe('appends above the watermark', () => {
  it('are told in the order of their offsets, each once, and count their bytes as they pass', () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), records: fc.integer({ min: 1, max: 5 }), waits: fc.boolean() }),
      fc.record({ kind: fc.constant('duplicate' as const), of: fc.nat(50) }),
      fc.record({ kind: fc.constant('commit' as const), by: fc.nat(12) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const uncommitted = new UncommittedAppends();
        const appends: { next: number; bytes: number }[] = [];
        const told: number[] = [];
        let expected = 0;
        let watermark = 0;
        const waiter = (next: number) => ({ committed: () => void told.push(next), failed: () => told.push(-1) });
        for (const step of acts) {
          const end = appends.at(-1)?.next ?? 0;
          if (step.kind === 'append') {
            const next = end + step.records;
            appends.push({ next, bytes: step.records * 10 });
            uncommitted.add(next as Offset, step.records * 10, step.waits ? waiter(next) : undefined);
            if (step.waits) expected += 1;
          } else if (step.kind === 'duplicate') {
            const next = appends[step.of % Math.max(1, appends.length)]?.next ?? 0;
            if (next <= watermark) continue;
            uncommitted.addWaiter(next as Offset, waiter(next));
            expected += 1;
          } else {
            watermark = Math.min(end, watermark + step.by);
            uncommitted.commitTo(watermark as Offset);
            const passed = appends.filter(({ next }) => next <= watermark);
            expect(uncommitted.committedBytes).toBe(passed.reduce((sum, { bytes }) => sum + bytes, 0));
            expect(told.every((next) => next <= watermark)).toBe(true);
          }
        }
        uncommitted.commitTo(Number.MAX_SAFE_INTEGER as Offset);
        expect(told).toEqual(told.toSorted((left, right) => left - right));
        expect(told.length).toBe(expected);
        expect(uncommitted.count).toBe(0);
      }),
    );
  });

  it('all fail when nothing of them can be committed any more', () => {
    const uncommitted = new UncommittedAppends();
    const seen: string[] = [];
    uncommitted.add(1 as Offset, 5, { committed: () => {}, failed: ({ message }) => seen.push(message) });
    uncommitted.add(2 as Offset, 5, undefined);
    uncommitted.fail(new Error('gone'));
    uncommitted.commitTo(2 as Offset);
    expect([seen, uncommitted.count]).toEqual([['gone'], 0]);
  });
});

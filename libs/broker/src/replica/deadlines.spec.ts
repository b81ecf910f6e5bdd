import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Deadlines } from './deadlines.js';
import { ManualClock } from '@trunkline/testing';

describe('deadlines', () => {
  it('run when they are due, and not inside the call that sets them', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const seen: string[] = [];
    deadlines.set(0, () => seen.push('at once'));
    deadlines.set(10, () => seen.push('ten'));
    expect(seen).toEqual([]);
    clock.advance(0);
    expect(seen).toEqual(['at once']);
    clock.advance(9);
    expect(seen).toEqual(['at once']);
    clock.advance(1);
    expect(seen).toEqual(['at once', 'ten']);
    expect(deadlines.count).toBe(0);
  });

  it('do not run once cancelled, and cancelling twice is nothing', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    let ran = 0;
    const first = deadlines.set(5, () => (ran += 1));
    deadlines.set(5, () => (ran += 10));
    first.cancel();
    first.cancel();
    expect(deadlines.count).toBe(1);
    clock.advance(5);
    expect(ran).toBe(10);
  });

  it('hold one timer of the clock, however many they are', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let delay = 500; delay > 0; delay--) deadlines.set(delay, () => {});
    expect(clock.pending).toBe(1);
  });

  it('let the clock sleep when all were cancelled', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let delay = 1; delay < 200; delay++) deadlines.set(delay, () => {}).cancel();
    clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it('may be set from one that runs', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const seen: number[] = [];
    deadlines.set(1, () => {
      seen.push(1);
      deadlines.set(1, () => seen.push(2));
    });
    clock.advance(1);
    clock.advance(1);
    expect(seen).toEqual([1, 2]);
  });

  it('each run exactly once, never early, at most 64 ms late, unless cancelled', () => {
    const act = fc.record({ delayMs: fc.nat(5000), waitMs: fc.nat(300), cancel: fc.boolean() });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const clock = new ManualClock();
        const deadlines = new Deadlines(clock);
        const ran: { due: number; at: number; cancelled: boolean }[] = [];
        let cancelled = 0;
        for (const { delayMs, waitMs, cancel } of acts) {
          const entry = { due: clock.monotonicMs() + delayMs, at: -1, cancelled: cancel };
          const deadline = deadlines.set(delayMs, () => {
            entry.at = clock.monotonicMs();
            ran.push(entry);
          });
          if (cancel) {
            deadline.cancel();
            cancelled += 1;
          }
          clock.advance(waitMs);
        }
        clock.advance(6000);
        expect(ran.filter((entry) => entry.cancelled)).toEqual([]);
        expect(ran.length).toBe(acts.length - cancelled);
        expect(ran.filter(({ due, at }) => at < due || at > due + 64)).toEqual([]);
        expect(deadlines.count).toBe(0);
      }),
    );
  });
});

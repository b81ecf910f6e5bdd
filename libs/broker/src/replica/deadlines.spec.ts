import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Deadline, Deadlines } from './deadlines.js';

class Alarm extends Deadline {
  constructor(private readonly run: () => void) {
    super();
  }

  due(): void {
    this.run();
  }
}

/** Sets a deadline, and returns how to cancel it. */
function set(deadlines: Deadlines, delayMs: number, run: () => void): () => void {
  const alarm = new Alarm(run);
  deadlines.set(alarm, delayMs);
  return () => deadlines.cancel(alarm);
}
import { ManualClock } from '@trunkline/testing';

describe('deadlines', () => {
  it('run when they are due, and not inside the call that sets them', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const seen: string[] = [];
    set(deadlines, 0, () => seen.push('at once'));
    set(deadlines, 10, () => seen.push('ten'));
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
    const first = set(deadlines, 5, () => (ran += 1));
    set(deadlines, 5, () => (ran += 10));
    first();
    first();
    expect(deadlines.count).toBe(1);
    clock.advance(5);
    expect(ran).toBe(10);
  });

  it('hold one timer of the clock, however many they are', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let delay = 500; delay > 0; delay--) set(deadlines, delay, () => {});
    expect(clock.pending).toBe(1);
  });

  it('let the clock sleep when all were cancelled', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let delay = 1; delay < 200; delay++) set(deadlines, delay, () => {})();
    clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it('may be set from one that runs', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const seen: number[] = [];
    set(deadlines, 1, () => {
      seen.push(1);
      set(deadlines, 1, () => seen.push(2));
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
          const deadline = set(deadlines, delayMs, () => {
            entry.at = clock.monotonicMs();
            ran.push(entry);
          });
          if (cancel) {
            deadline();
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

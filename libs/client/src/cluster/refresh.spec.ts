import { beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshMachine } from './refresh.js';

const TIMES = { retryBackoffMs: 100, retryBackoffMaxMs: 1_000, metadataMaxAgeMs: 60_000 };
let machine: RefreshMachine;

beforeEach(() => {
  machine = new RefreshMachine(TIMES);
});

/** Asks at `nowMs` and is answered at once; gives the topics. */
function round(nowMs: number): readonly string[] | undefined {
  const ask = machine.next(nowMs);
  if (ask !== undefined) machine.answered(nowMs);
  return ask?.topics;
}

describe('the refresh of metadata', () => {
  it('asks for nothing that nobody wants', () => {
    expect(machine.dueAtMs()).toBe(Infinity);
    expect(round(1_000_000)).toBeUndefined();
  });

  it('asks at once, and once for many that want it', () => {
    machine.want(['a']);
    machine.want(['b', 'a']);
    machine.want([]);
    expect(round(0)).toEqual(['a', 'b']);
    expect(round(10_000)).toBeUndefined();
  });

  it('has one request on its way at a time, and asks for what came meanwhile after it', () => {
    machine.want(['a']);
    expect(machine.next(0)?.topics).toEqual(['a']);
    machine.want(['b']);
    expect(machine.next(50)).toBeUndefined();
    machine.answered(60);
    expect(round(60)).toEqual(['b']);
  });

  it('pauses before it asks again for what it has just asked for', () => {
    machine.want(['a']);
    round(0);
    machine.want(['a']);
    expect(machine.dueAtMs()).toBe(100);
    expect(round(99)).toBeUndefined();
    expect(round(100)).toEqual(['a']);
  });

  it('looks up a topic that is new without a pause', () => {
    machine.want(['a']);
    round(0);
    machine.want(['b']);
    expect(round(1)).toEqual(['b']);
  });

  it('pauses longer and longer while doubts go on, and begins anew after a quiet while', () => {
    machine.want(['a']);
    round(0);
    const asked: number[] = [];
    for (let nowMs = 0; nowMs < 5_000; nowMs += 10) {
      machine.want(['a']);
      if (round(nowMs) !== undefined) asked.push(nowMs);
    }
    expect(asked).toEqual([100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
    machine.want(['a']);
    round(100_000);
    machine.want(['a']);
    expect(machine.dueAtMs()).toBe(100_100);
  });

  it('looks up another topic at once, again and again, while one that nobody finds has long pauses', () => {
    for (let nowMs = 0; nowMs <= 4_000; nowMs += 10) {
      machine.want(['a']);
      round(nowMs);
    }
    expect(machine.dueAtMs()).toBe(4_500);
    const asked: number[] = [];
    for (let nowMs = 4_010; nowMs < 4_400; nowMs += 10) {
      machine.want(['a']);
      machine.want(['b']);
      if (round(nowMs) !== undefined) asked.push(nowMs);
    }
    expect(asked).toEqual([4_010, 4_110, 4_310]);
  });

  it('has a pause between two looks at the brokers alone', () => {
    machine.want(['a']);
    round(0);
    machine.want([]);
    expect(machine.dueAtMs()).toBe(100);
    expect(round(100)).toEqual([]);
    machine.want([]);
    expect(machine.dueAtMs()).toBe(300);
  });

  it('asks again for what it got no answer to, after the pause that it is told', () => {
    machine.want(['a']);
    const ask = machine.next(0)!;
    machine.failed(10, ask.topics, 300);
    expect(machine.dueAtMs()).toBe(310);
    machine.want(['b']);
    expect(machine.dueAtMs()).toBe(310);
    expect(round(310)).toEqual(['a', 'b']);
  });

  it('asks for watched topics when they grow old', () => {
    machine.watch('a');
    machine.want(['a']);
    round(0);
    expect(machine.dueAtMs()).toBe(60_000);
    expect(round(60_000)).toEqual(['a']);
  });

  it('counts who watches', () => {
    machine.watch('a');
    machine.watch('a');
    machine.release('a');
    expect(machine.isWatched('a')).toBe(true);
    machine.release('a');
    expect(machine.isWatched('a')).toBe(false);
  });

  it('does not refresh by age when nobody watches', () => {
    machine.want(['a']);
    round(0);
    expect(machine.dueAtMs()).toBe(Infinity);
  });

  it('takes watched topics along whenever it asks', () => {
    machine.watch('a');
    machine.want(['b']);
    expect(round(0)).toEqual(['b', 'a']);
  });
});

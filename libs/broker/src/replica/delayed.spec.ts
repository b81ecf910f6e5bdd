import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@trunkline/testing';
import { Delayed, Waiting } from './delayed.js';

function connection(connectionId: number) {
  const gone = new AbortController();
  return { connectionId, closed: gone.signal, end: () => gone.abort() };
}

class Noted extends Waiting {
  constructor(
    private readonly name: string,
    private readonly seen: string[],
  ) {
    super();
  }

  expire(): void {
    this.seen.push(`${this.name} expired`);
  }

  abandon(): void {
    this.seen.push(`${this.name} abandoned`);
  }

  stop(): void {
    this.seen.push(`${this.name} stops`);
  }
}

function recorder() {
  const seen: string[] = [];
  return { seen, waiting: (name: string) => new Noted(name, seen) };
}

describe('what waits', () => {
  it('is told when its time is over, once', () => {
    const clock = new ManualClock();
    const delayed = new Delayed(clock);
    const { seen, waiting } = recorder();
    const here = connection(1);
    delayed.enter(waiting('a'), 10, here);
    clock.advance(9);
    expect(seen).toEqual([]);
    clock.advance(1);
    here.end();
    expect(seen).toEqual(['a expired']);
    expect(delayed.waiting).toBe(0);
  });

  it('hears nothing after it left', () => {
    const clock = new ManualClock();
    const delayed = new Delayed(clock);
    const { seen, waiting } = recorder();
    const here = connection(1);
    const left = waiting('a');
    delayed.enter(left, 10, here);
    expect(left.leave()).toBe(true);
    expect(left.leave()).toBe(false);
    clock.advance(100);
    here.end();
    expect(seen).toEqual([]);
  });

  it('is let go when its connection ends, and others stay', () => {
    const clock = new ManualClock();
    const delayed = new Delayed(clock);
    const { seen, waiting } = recorder();
    const [one, other] = [connection(1), connection(2)];
    delayed.enter(waiting('a'), 10, one);
    delayed.enter(waiting('b'), 10, one);
    delayed.enter(waiting('c'), 10, other);
    one.end();
    expect(seen).toEqual(['a abandoned', 'b abandoned']);
    expect(delayed.waiting).toBe(1);
    expect(delayed.enter(waiting('d'), 10, one)).toBe(false);
  });

  it('finds no room over the limit of its connection, nor over that of the broker', () => {
    const delayed = new Delayed(new ManualClock(), { waitingMax: 3, waitingPerConnectionMax: 2 });
    const { waiting } = recorder();
    const [one, other] = [connection(1), connection(2)];
    const first = waiting('a');
    expect(delayed.enter(first, 10, one)).toBe(true);
    expect(delayed.enter(waiting('b'), 10, one)).toBe(true);
    expect(delayed.enter(waiting('c'), 10, one)).toBe(false);
    expect(delayed.enter(waiting('d'), 10, other)).toBe(true);
    expect(delayed.hasRoom(other)).toBe(false);
    first.leave();
    expect(delayed.hasRoom(other)).toBe(true);
    expect(delayed.hasRoom(one)).toBe(true);
  });

  it('is answered when the broker ends', () => {
    const clock = new ManualClock();
    const delayed = new Delayed(clock);
    const { seen, waiting } = recorder();
    delayed.enter(waiting('a'), 10, connection(1));
    delayed.enter(waiting('b'), 10, connection(2));
    delayed.stop();
    expect(seen).toEqual(['a stops', 'b stops']);
    expect(delayed.enter(waiting('c'), 10, connection(3))).toBe(false);
    delayed.close();
    expect(seen.slice(4)).toEqual(['a expired', 'b expired']);
    clock.advance(100);
    expect(clock.pending).toBe(0);
  });
});

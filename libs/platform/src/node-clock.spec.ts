import { describe, expect, it } from '@jest/globals';
import { nodeClock } from './node-clock.js';
import { nodeRandom } from './node-random.js';

describe('the clock', () => {
  it('runs later, never inside the call, and not after a cancel', async () => {
    const ran: string[] = [];
    nodeClock.after(2, () => ran.push('cancelled')).cancel();
    await new Promise<void>((resolve) => {
      const timer = nodeClock.after(5, () => {
        ran.push('ran');
        timer.cancel();
        resolve();
      });
      expect(ran).toEqual([]);
    });
    expect(ran).toEqual(['ran']);
  });

  it('waits for a delay that is longer than a timer of Node takes', async () => {
    const ran: string[] = [];
    const far = nodeClock.after(2 ** 33, () => ran.push('far'));
    const never = nodeClock.after(Infinity, () => ran.push('never'));
    await new Promise<void>((resolve) => void nodeClock.after(20, resolve));
    expect(ran).toEqual([]);
    far.cancel();
    never.cancel();
  });

  it('tells milliseconds that never go back', () => {
    let before = nodeClock.monotonicMs();
    for (let n = 0; n < 1000; n++) {
      const now = nodeClock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(Math.abs(nodeClock.nowMs() - Date.now())).toBeLessThan(1000);
  });
});

describe('the dice', () => {
  it('fall on every number below the limit, about as often', () => {
    const counts = [0, 0, 0, 0, 0];
    for (let n = 0; n < 10_000; n++) counts[nodeRandom.below(5)]! += 1;
    for (const count of counts) expect(count).toBeGreaterThan(1700);
    expect(nodeRandom.below(1)).toBe(0);
    expect(nodeRandom.below(2 ** 32)).toBeLessThan(2 ** 32);
    for (const limit of [0, -1, 1.5, 2 ** 32 + 1, NaN]) expect(() => nodeRandom.below(limit)).toThrow('does not hold');
  });

  it('give ids that are different, of version 4, and never begin with a dash', () => {
    const ids = new Set(Array.from({ length: 2000 }, () => nodeRandom.uuid()));
    expect(ids.size).toBe(2000);
    for (const id of ids) {
      expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
      const bytes = Buffer.from(id, 'base64url');
      expect([bytes.length, bytes[6]! >> 4, bytes[8]! >> 6]).toEqual([16, 4, 2]);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { MemoryBudget } from './memory-budget.js';

describe('a memory budget', () => {
  it('is spent from its limit on, and wakes who waits, the longest wait first, until it is spent again', () => {
    const budget = new MemoryBudget(100);
    budget.take(99);
    expect(budget.isSpent).toBe(false);
    budget.take(50);
    expect(budget.isSpent).toBe(true);
    const woken: string[] = [];
    const first = (): void => {
      woken.push('first');
      budget.take(70);
    };
    const second = (): void => void woken.push('second');
    budget.whenFree(first);
    budget.whenFree(second);
    budget.whenFree(first);
    budget.give(40);
    expect(woken).toEqual([]);
    budget.give(50);
    expect(woken).toEqual(['first']);
    budget.give(60);
    expect(woken).toEqual(['first', 'second']);
    budget.give(69);
    expect(budget.takenBytes).toBe(0);
  });

  it('asks each once a round, also one that waits again at once', () => {
    const budget = new MemoryBudget(10);
    let asked = 0;
    const again = (): void => {
      asked += 1;
      budget.whenFree(again);
    };
    budget.whenFree(again);
    budget.take(20);
    budget.give(20);
    expect(asked).toBe(1);
    budget.forget(again);
    budget.give(0);
    expect(asked).toBe(1);
  });

  it('without a limit is never spent', () => {
    const budget = new MemoryBudget(Infinity);
    budget.take(1e15);
    expect(budget.isSpent).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { Journal } from './journal.js';

const told = (value: string, offset: number, lane = 0) => ({ value, offset, lane });

describe('a journal', () => {
  it('finds nothing wrong when all is read once, where it was acknowledged', () => {
    const journal = new Journal('client', 2);
    for (const one of [told('a', 0), told('b', 0, 1), told('c', 1)]) journal.acknowledge(one);
    for (const one of [told('c', 1), told('a', 0), told('b', 0, 1)]) journal.read(one);
    expect(journal).toMatchObject({ acknowledged: 3, lost: [], writtenTwice: [], misplaced: [], readAgain: 0 });
  });

  it('tells what was acknowledged and never read', () => {
    const journal = new Journal('client', 1);
    journal.acknowledge(told('a', 0));
    journal.acknowledge(told('b', 1));
    journal.read(told('a', 0));
    expect(journal.lost).toEqual(['b']);
  });

  it('tells what was read again from what was written twice', () => {
    const journal = new Journal('client', 2);
    for (const one of [told('a', 0), told('a', 0), told('b', 1), told('b', 2), told('c', 3), told('c', 3, 1)])
      journal.read(one);
    expect(journal).toMatchObject({ readAgain: 1, writtenTwice: ['b', 'c'] });
  });

  it('tells what was not read where it was acknowledged; a client that tells no place is believed', () => {
    const journal = new Journal('client', 1);
    for (const one of [told('a', 0), told('b', 1), { value: 'c', lane: 0 }]) journal.acknowledge(one);
    for (const one of [told('a', 0), told('b', 2), { value: 'c', lane: 0 }]) journal.read(one);
    expect(journal.misplaced).toEqual(['b']);
  });

  it('goes on once every lane was written and read', () => {
    const journal = new Journal('client', 2);
    const sinceMs = performance.now();
    journal.acknowledge(told('a', 0));
    journal.read(told('a', 0));
    journal.acknowledge(told('b', 0, 1));
    expect(journal.goesOn(sinceMs, 1)).toBe(false);
    journal.read(told('b', 0, 1));
    expect(journal.goesOn(sinceMs, 1)).toBe(true);
    expect(journal.goesOn(performance.now(), 1)).toBe(false);
  });

  it('counts a lane that stands still now as one that did', async () => {
    const journal = new Journal('client', 1);
    const sinceMs = performance.now();
    await until('some time has passed', () => performance.now() - sinceMs > 30);
    expect(journal.pauses(sinceMs).writeMs).toBeGreaterThanOrEqual(30);
  });
});

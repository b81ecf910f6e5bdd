import { describe, expect, it } from '@jest/globals';
import { faultsOf } from './history.js';

const log = (...sequences: number[]): Map<number, number> => new Map(sequences.map((value, at) => [at, value]));
const acknowledged = (...sequences: number[]) => sequences.map((sequence) => ({ sequence, offset: sequence }));

describe('the checker of crash histories', () => {
  it('finds nothing wrong with a log that holds what was acknowledged, and a little more', () => {
    expect(faultsOf(acknowledged(0, 1, 2), log(0, 1, 2, 3))).toEqual([]);
  });

  it('finds a lost record', () => {
    expect(faultsOf(acknowledged(0, 1, 2), log(0, 1))).toEqual(['lost: 2 was acknowledged at 2']);
  });

  it('finds a record that stands twice', () => {
    expect(faultsOf(acknowledged(0, 1), log(0, 1, 1))).toEqual(['duplicate: 1 stands at 1 and at 2']);
  });

  it('finds records out of order', () => {
    expect(faultsOf([], log(1, 0))).toContain('out of order: 0 at 1 stands behind 1');
  });

  it('finds a gap', () => {
    expect(faultsOf([], log(0, 2))).toEqual(['gap: 2 at 1 follows 0']);
  });

  it('finds a record that is not where it was said to be', () => {
    expect(faultsOf([{ sequence: 1, offset: 5 }], log(0, 1))).toEqual([
      'moved: 1 was acknowledged at 5, where undefined stands',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { faultsOf } from './checker.js';
import { History, type Outcome, type Seen } from './history.js';

/** A history of one partition: what one process sent, and what the reader of the end saw. */
function historyOf(
  sends: readonly (readonly [Outcome, number])[],
  end: readonly (readonly [number, number])[],
): History {
  const history = new History();
  for (const [outcome, offset] of sends) Object.assign(history.send(0, 0), { outcome, offset });
  history.reading('end', 0, 'assign').seen.push(...seenOf(end));
  return history;
}

const seenOf = (pairs: readonly (readonly [number, number])[]): Seen[] =>
  pairs.map(([offset, value]) => ({ offset, value }));

const kindsOf = (history: History): string[] => faultsOf(history, new Set(['end'])).map(({ kind }) => kind);

describe('the checker of histories', () => {
  it('finds nothing where every acknowledged record is there once and in order', () => {
    const history = historyOf(
      [
        ['acknowledged', 0],
        ['acknowledged', 1],
        ['unknown', -1],
        ['failed', -1],
        ['acknowledged', 5],
      ],
      [
        [0, 0],
        [1, 1],
        [3, 2],
        [5, 4],
      ],
    );
    expect(faultsOf(history, new Set(['end']))).toEqual([]);
  });

  it('says nothing of a send whose outcome nobody knows and that nobody read', () => {
    expect(kindsOf(historyOf([['unknown', -1]], []))).toEqual([]);
  });

  it('finds an acknowledged record that is not there although later ones are', () => {
    const history = historyOf(
      [
        ['acknowledged', 0],
        ['acknowledged', 1],
      ],
      [[1, 1]],
    );
    expect(faultsOf(history, new Set(['end']))).toEqual([
      { kind: 'lost-write', partition: 0, text: '0 of process 0 was acknowledged at 0, and is not there at the end' },
    ]);
  });

  it('finds acknowledged records above everything that was read', () => {
    const history = historyOf(
      [
        ['acknowledged', 0],
        ['acknowledged', 1],
      ],
      [[0, 0]],
    );
    expect(kindsOf(history)).toEqual(['unseen']);
  });

  it('finds a record that somebody read once and that is gone', () => {
    const history = historyOf(
      [
        ['unknown', -1],
        ['acknowledged', 1],
      ],
      [[1, 1]],
    );
    history.reading('early', 0, 'subscribe').seen.push({ offset: 0, value: 0 });
    expect(kindsOf(history)).toEqual(['lost-write']);
  });

  it('finds a value at two offsets, whoever tells of them', () => {
    expect(kindsOf(historyOf([['acknowledged', 0]], [[0, 0], [1, 0]]))).toEqual(['duplicate']); // prettier-ignore
    expect(kindsOf(historyOf([['acknowledged', 0]], [[1, 0]]))).toEqual(['duplicate']);
  });

  it('finds two values at one offset', () => {
    const history = historyOf([['acknowledged', 0], ['acknowledged', 0]], [[0, 0]]); // prettier-ignore
    expect(kindsOf(history)).toEqual(expect.arrayContaining(['inconsistent-offsets']));
  });

  it('finds a read of what was refused, and of what nobody sent', () => {
    expect(kindsOf(historyOf([['failed', -1]], [[0, 0]]))).toEqual(['aborted-read']);
    expect(kindsOf(historyOf([], [[0, 7]]))).toEqual(['invented']);
  });

  it('finds a process whose later record got the lower offset', () => {
    const history = historyOf([['acknowledged', 1], ['acknowledged', 0]], [[0, 1], [1, 0]]); // prettier-ignore
    expect(kindsOf(history)).toEqual(['nonmonotonic-send']);
  });

  it('lets two processes overtake each other', () => {
    const history = historyOf([['acknowledged', 1]], [[0, 1], [1, 0]]); // prettier-ignore
    Object.assign(history.send(1, 0), { outcome: 'acknowledged', offset: 0 });
    expect(kindsOf(history)).toEqual([]);
  });

  it('finds a consumer that jumps over a record, or goes back, unless its partitions are given to it', () => {
    const sends = [0, 1, 2].map((offset) => ['acknowledged', offset] as const);
    const whole = [0, 1, 2].map((offset) => [offset, offset] as const);
    const jumps = seenOf([[0, 0], [2, 2], [1, 1]]); // prettier-ignore
    const chosen = historyOf(sends, whole);
    chosen.reading('early', 0, 'assign').seen.push(...jumps);
    expect(kindsOf(chosen)).toEqual(['poll-skip', 'nonmonotonic-poll']);
    const given = historyOf(sends, whole);
    given.reading('early', 0, 'subscribe').seen.push(...jumps);
    expect(kindsOf(given)).toEqual([]);
  });

  it('knows that offsets have gaps where markers stand', () => {
    const history = historyOf([['acknowledged', 0], ['acknowledged', 2]], [[0, 0], [2, 1]]); // prettier-ignore
    expect(kindsOf(history)).toEqual([]);
  });

  it('keeps partitions apart', () => {
    const history = historyOf([['acknowledged', 0]], [[0, 0]]);
    Object.assign(history.send(0, 1), { outcome: 'acknowledged', offset: 0 });
    expect(faultsOf(history, new Set(['end']))).toMatchObject([{ kind: 'unseen', partition: 1 }]);
  });
});

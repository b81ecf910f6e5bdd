import { describe, expect, it } from '@jest/globals';
import type { Epoch, Offset, Uuid } from '@trunkline/kernel';
import type { LogBatch } from './log-batch.js';
import { LogOutline } from './log-outline.js';

const EMPTY = { startOffset: 0 as Offset, endOffset: 0 as Offset, epochs: [], snapshots: [], voters: [] };

function batch(baseOffset: number, epoch: number, control?: LogBatch['control']): LogBatch {
  const head = { baseOffset: baseOffset as Offset, epoch: epoch as Epoch, count: 1, bytes: new Uint8Array(0) };
  return control === undefined ? head : { ...head, control };
}

/** Offsets 0 to 5: epoch 1, 1, 3, 3, 3, 5. */
function outline(): LogOutline {
  const log = new LogOutline(EMPTY, []);
  for (const [at, epoch] of [1, 1, 3, 3, 3, 5].entries()) log.append(batch(at, epoch));
  return log;
}

describe('an outline', () => {
  it('tells where the largest epoch up to another ends', () => {
    const log = outline();
    expect([0, 1, 2, 3, 4, 5, 9].map((epoch) => log.endOffsetFor(epoch as Epoch))).toEqual([
      { epoch: 0, endOffset: 0 },
      { epoch: 1, endOffset: 2 },
      { epoch: 1, endOffset: 2 },
      { epoch: 3, endOffset: 5 },
      { epoch: 3, endOffset: 5 },
      { epoch: 5, endOffset: 6 },
      { epoch: 5, endOffset: 6 },
    ]);
  });

  it.each([
    [0, 0, 'fits'],
    [2, 1, 'fits'],
    [3, 1, 'diverges'],
    [5, 3, 'fits'],
    [5, 4, 'diverges'],
    [6, 5, 'fits'],
    [7, 5, 'diverges'],
  ])('says of a log that ends at %d with epoch %d that it %s', (endOffset, epoch, kind) => {
    expect(outline().fit(endOffset as Offset, epoch as Epoch).kind).toBe(kind);
  });

  it('sends whoever is behind its start, or beside it, to a snapshot', () => {
    const log = outline();
    expect(log.addSnapshot(log.snapshotIdAt(2 as Offset))).toBeUndefined();
    expect(log.addSnapshot(log.snapshotIdAt(5 as Offset))).toEqual({ endOffset: 2, epoch: 1 });
    expect(log.startOffset).toBe(2);
    const snapshot = { kind: 'snapshot', id: { endOffset: 5, epoch: 3 } };
    expect(log.fit(1 as Offset, 1 as Epoch)).toEqual(snapshot);
    expect(log.fit(2 as Offset, 2 as Epoch)).toEqual(snapshot);
    expect(log.fit(2 as Offset, 1 as Epoch)).toEqual({ kind: 'fits' });
    expect(log.epochAt(1)).toBe(1);
    expect(log.lastEpoch).toBe(5);
  });

  it('does not take the sync of a record that was cut off for that of its twin (C6)', () => {
    const log = outline();
    const mark = log.mark(5 as Epoch)!;
    log.truncateTo(5 as Offset);
    log.append(batch(5, 5));
    expect(log.confirm(mark, 7 as Epoch)).toBe(false);
    expect(log.confirm(log.mark(7 as Epoch)!, 7 as Epoch)).toBe(true);
    expect(log.stableEnd).toBe(6);
  });

  it('does not take a sync for done that spoke of another record at the same place', () => {
    const log = outline();
    const mark = log.mark(6 as Epoch)!;
    log.truncateTo(5 as Offset);
    log.append(batch(5, 6));
    expect(log.confirm(mark, 6 as Epoch)).toBe(false);
  });

  it('goes back to the voters before a change that is cut off (C14)', () => {
    const voters = [{ id: 1 as never, directoryId: 'd' as Uuid, endpoints: [] }];
    const log = outline();
    log.append(batch(6, 5, { kind: 'voters', voters }));
    expect(log.voters.size).toBe(1);
    expect(log.votersAt(6 as Offset).size).toBe(0);
    log.truncateTo(6 as Offset);
    expect(log.voters.size).toBe(0);
  });

  it('is the same when it is opened again', () => {
    const log = outline();
    log.addSnapshot(log.snapshotIdAt(2 as Offset));
    log.addSnapshot(log.snapshotIdAt(4 as Offset));
    const again = new LogOutline(
      {
        startOffset: 2 as Offset,
        endOffset: 6 as Offset,
        epochs: [
          { epoch: 3 as Epoch, startOffset: 2 as Offset },
          { epoch: 5 as Epoch, startOffset: 5 as Offset },
        ],
        snapshots: log.snapshots,
        voters: [{ offset: 1 as Offset, voters: [] }],
      },
      [],
    );
    for (const epoch of [0, 1, 2, 3, 4, 5, 6] as Epoch[])
      expect(again.endOffsetFor(epoch)).toEqual(log.endOffsetFor(epoch));
    expect([again.lastEpoch, again.epochAt(1), again.epochAt(2)]).toEqual([5, 1, 3]);
  });
});

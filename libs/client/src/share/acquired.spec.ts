import { describe, expect, it } from '@jest/globals';
import type { Offset } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { RecordBatch, buildBatch, buildEndTransactionMarker } from '@trunkline/records';
import { AcquiredRecords, acquiredRanges, type AcquiredRange } from './acquired.js';
import { ACKNOWLEDGE_NAMES } from './share-record.js';

function batch(baseOffset: number, values: readonly string[], type?: 'gzip'): Uint8Array {
  const records = values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestampMs: 1 }));
  const bytes = buildBatch(records, {
    crc32c,
    ...(type !== undefined && { compression: type, codecs: compression }),
  });
  RecordBatch.parse(bytes).assign(baseOffset as Offset, 0 as never);
  return bytes;
}

function marker(baseOffset: number): Uint8Array {
  const options = { crc32c, producerId: 1n, producerEpoch: 0 };
  const bytes = buildEndTransactionMarker({ type: 'COMMIT', coordinatorEpoch: 0 }, 1, options);
  RecordBatch.parse(bytes).assign(baseOffset as Offset, 0 as never);
  return bytes;
}

/** What comes out: records with their delivery count, what was skipped, errors by code. */
function walk(batches: readonly Uint8Array[], ranges: readonly AcquiredRange[], bytesMax = 1_000_000): string[] {
  const said: string[] = [];
  const bytes = new Uint8Array(Buffer.concat(batches));
  const options = { crc32c, compression, batchBytesMax: bytesMax };
  const acquired = new AcquiredRecords(bytes, ranges, options, (first, last, type) => {
    said.push(`${ACKNOWLEDGE_NAMES[type as 0]} ${first}-${last}`);
  });
  while (!acquired.isDone) {
    try {
      const next = acquired.next();
      if (next !== undefined) said.push(`${next.record.offset}:${next.deliveryCount}`);
    } catch (reason) {
      said.push(Reflect.get(Object(reason), 'code') as string);
    }
  }
  return said;
}

const range = (firstOffset: number, lastOffset: number, deliveryCount = 1): AcquiredRange => ({
  firstOffset,
  lastOffset,
  deliveryCount,
});

describe('acquired records', () => {
  it('are those of the acquired ranges only, with the delivery count of their range', () => {
    expect(walk([batch(0, ['a', 'b', 'c', 'd'])], [range(1, 1, 3), range(3, 3, 1)])).toEqual(['1:3', '3:1']);
  });

  it('tell control batches as gaps', () => {
    expect(walk([batch(0, ['a']), marker(1), batch(2, ['b'])], [range(0, 2)])).toEqual(['0:1', 'gap 1-1', '2:1']);
  });

  it('tell what compaction took as gaps, at every place', () => {
    expect(walk([batch(5, ['a'])], [range(3, 8)])).toEqual(['gap 3-4', '5:1', 'gap 6-8']);
  });

  it('tell everything as a gap when there are no batches', () => {
    expect(walk([], [range(3, 4), range(6, 2 ** 50)])).toEqual(['gap 3-4', `gap 6-${2 ** 50}`]);
  });

  it('hand back the batch whose checksum does not hold, and go on behind it', () => {
    const broken = batch(2, ['c', 'd']);
    broken[broken.length - 1]! ^= 1;
    const said = walk([batch(0, ['a', 'b']), broken, batch(4, ['e'])], [range(0, 4)]);
    expect(said).toEqual(['0:1', '1:1', 'release 2-3', 'CORRUPT_MESSAGE', '4:1']);
  });

  it('hand back all behind bytes that are no batch', () => {
    const broken = batch(1, ['b']);
    broken[16] = 9;
    expect(walk([batch(0, ['a']), broken], [range(0, 7)])).toEqual(['0:1', 'release 1-7', 'CORRUPT_MESSAGE']);
  });

  it('hand back a batch that grows beyond the limit, without growing it', () => {
    const bomb = batch(0, ['x'.repeat(1_000_000)], 'gzip');
    expect(walk([bomb, batch(1, ['b'])], [range(0, 1)], 10_000)).toEqual(['release 0-0', 'MESSAGE_TOO_LARGE', '1:1']);
  });

  it('skip batches before the first acquired offset without a look at their records', () => {
    const broken = batch(0, ['a']);
    broken[broken.length - 1]! ^= 1;
    expect(walk([broken, batch(1, ['b'])], [range(1, 1)])).toEqual(['1:1']);
  });

  it('hand back what was not given out when they are released', () => {
    const said: string[] = [];
    const options = { crc32c, compression, batchBytesMax: 1_000 };
    const ranges = [range(0, 2), range(5, 5)];
    const acquired = new AcquiredRecords(batch(0, ['a', 'b', 'c']), ranges, options, (first, last) => {
      said.push(`${first}-${last}`);
    });
    acquired.next();
    acquired.release();
    expect(said).toEqual(['1-2', '5-5']);
    expect(acquired.isDone).toBe(true);
  });

  it.each([
    ['an end before its beginning', [[5n, 4n]]],
    [
      'ranges that overlap',
      [
        [0n, 4n],
        [4n, 6n],
      ],
    ],
    [
      'ranges that go back',
      [
        [7n, 8n],
        [0n, 1n],
      ],
    ],
    ['a negative offset', [[-1n, 4n]]],
    ['an offset that no log can have', [[0n, 2n ** 62n]]],
  ])('are refused with %s', (_what, ranges) => {
    const said = ranges.map(([first, last]) => ({ firstOffset: first!, lastOffset: last!, deliveryCount: 1 }));
    expect(() => acquiredRanges(said, 'topic t/0')).toThrow(/PROTOCOL_VIOLATION.*t\/0/);
  });
});

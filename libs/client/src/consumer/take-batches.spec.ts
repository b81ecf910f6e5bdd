import { describe, expect, it } from '@jest/globals';
import { type Compression, concatBytes, utf8 } from '@trunkline/kernel';
import { buildBatch, buildEndTransactionMarker } from '@trunkline/records';
import fc from 'fast-check';
import { batchAt } from '../../test/fetch-script.js';
import { KafkaError } from '../error.js';
import { FetchError } from './fetch-error.js';
import { type TakeRules, type Taken, takeBatches } from './take-batches.js';

const crc32c = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7);

function take(bytes: Uint8Array, from: number, rules: Partial<TakeRules> = {}): Taken {
  const all = { crc32c, codecs: undefined, decompressedBytesMax: 10_000, aborted: undefined, ...rules };
  return takeBatches('t', 3, bytes, from, all);
}

function offsetsOf({ batches }: Taken): number[] {
  return batches.flatMap((batch) => [...batch.records()].map(({ offset }) => offset as number));
}

const at = (offset: number, count: number, more: Parameters<typeof batchAt>[2] = {}): Uint8Array => {
  return batchAt(offset, count, { crc32c, ...more });
};

describe('takeBatches', () => {
  it('takes whole batches and leaves one that was cut off for the next fetch', () => {
    const taken = take(concatBytes([at(0, 2), at(2, 3), at(5, 1).subarray(0, 50)]), 0);
    expect(offsetsOf(taken)).toEqual([0, 1, 2, 3, 4]);
    expect(taken).toMatchObject({ nextOffset: 5, leaderEpoch: 1, error: undefined });
  });

  it('steps over a batch that compaction has emptied', () => {
    const taken = take(concatBytes([at(0, 0, { lastOffsetDelta: 9 }), at(10, 1)]), 0);
    expect(offsetsOf(taken)).toEqual([10]);
    expect(take(at(0, 0, { lastOffsetDelta: 9 }), 0)).toMatchObject({ nextOffset: 10, batches: [] });
  });

  it('never goes back, whatever offsets come', () => {
    const taken = take(concatBytes([at(10, 2), at(0, 5), at(12, 1)]), 10);
    expect(offsetsOf(taken)).toEqual([10, 11, 12]);
    expect(taken.nextOffset).toBe(13);
  });

  it('names the offset at which a checksum does not hold, and gives what came before', () => {
    const broken = at(2, 3);
    broken[80]! ^= 1;
    const taken = take(concatBytes([at(0, 2), broken, at(5, 1)]), 0);
    expect(offsetsOf(taken)).toEqual([0, 1]);
    expect(taken.nextOffset).toBe(2);
    expect(taken.error).toBeInstanceOf(FetchError);
    expect(taken.error).toMatchObject({
      code: 'CORRUPT_MESSAGE',
      topic: 't',
      partition: 3,
      position: 2,
      nextOffset: 5,
    });
    expect(taken.error!.message).toContain('cannot be read at offset 2');
  });

  it('does not look at checksums when it is told not to', () => {
    const broken = at(0, 1);
    broken[17]! ^= 1;
    expect(offsetsOf(take(broken, 0, { crc32c: undefined }))).toEqual([0]);
  });

  it.each([
    ['a length that cannot be', 8, 0xff],
    ['a magic that nobody knows', 16, 9],
    ['offsets beyond all numbers', 0, 0x7f],
    ['a negative last offset delta', 23, 0x80],
  ])('refuses %s', (_what, index, byte) => {
    const broken = at(0, 1);
    broken[index] = byte;
    expect(take(broken, 0).error).toMatchObject({ code: 'CORRUPT_MESSAGE', position: 0 });
  });

  it('calls it a violation when the first batch is not whole, for nothing could ever be read', () => {
    expect(take(at(0, 5).subarray(0, 70), 0).error).toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });

  it('names the offset of a record that is broken, when it is asked for', () => {
    const bytes = buildBatch([{ value: utf8('a') }, { value: utf8('b') }], { crc32c: () => 7, baseOffset: 40 });
    bytes[bytes.byteLength - 1] = 9; // The last record's number of headers.
    const reader = take(bytes, 40, { crc32c: undefined }).batches[0]!.reader();
    expect(reader.next()?.offset).toBe(40);
    expect(() => reader.next()).toThrow('cannot be read at offset 41');
    expect(() => reader.next()).toThrow(FetchError);
  });

  it('ends in KafkaErrors and nothing else, whatever bytes come', () => {
    const bytes = concatBytes([at(0, 2, { producerId: 7n, isTransactional: true }), at(2, 2)]);
    const change = fc.tuple(fc.integer({ min: 0, max: bytes.byteLength - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const broken = bytes.slice();
        for (const [index, byte] of changes) broken[index] = byte;
        const aborted = [{ producerId: 7n, firstOffset: 0n }];
        const taken = take(broken, 0, { crc32c: undefined, aborted });
        expect(taken.nextOffset).toBeGreaterThanOrEqual(0);
        try {
          offsetsOf(taken);
        } catch (reason) {
          expect(reason).toBeInstanceOf(KafkaError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a compressed batch', () => {
  let unpacked = 0;
  const codecs: Compression = {
    compress: (_type, bytes) => bytes.slice(),
    decompress: (_type, bytes, bytesMax) => {
      unpacked += 1;
      if (bytes.byteLength > bytesMax) throw Object.assign(new Error('too large'), { code: 'TOO_LARGE' });
      return bytes.slice();
    },
  };
  const zipped = at(5, 3, { compression: 'lz4', codecs });

  it('is decompressed once, when the first record is asked for', () => {
    unpacked = 0;
    const taken = take(zipped, 6, { codecs });
    expect(unpacked).toBe(0);
    expect([offsetsOf(taken), offsetsOf(taken)]).toEqual([
      [6, 7],
      [6, 7],
    ]);
    expect(unpacked).toBe(1);
  });

  it('is an error that names the offset when it grows beyond its limit', () => {
    const [batch] = take(zipped, 6, { codecs, decompressedBytesMax: 5 }).batches;
    expect(() => batch!.reader().next()).toThrow(/MESSAGE_TOO_LARGE.*at offset 6/u);
  });

  it('is refused where there is no codec', () => {
    const [batch] = take(zipped, 5).batches;
    expect(() => batch!.reader().next()).toThrow(/UNSUPPORTED_COMPRESSION_TYPE.*at offset 5/u);
  });
});

describe('read_committed', () => {
  const of = (producerId: bigint) => ({ producerId, producerEpoch: 0, isTransactional: true, baseSequence: 0 });
  const marker = (type: 'ABORT' | 'COMMIT', producerId: bigint, offset: number): Uint8Array => {
    const bytes = buildEndTransactionMarker({ type, coordinatorEpoch: 1 }, 0, { crc32c, producerId, producerEpoch: 0 });
    bytes[7] = offset;
    return bytes;
  };

  it('hides the batches of an aborted transaction, up to its marker', () => {
    const bytes = concatBytes([
      at(0, 1, of(7n)),
      at(1, 1),
      marker('ABORT', 7n, 2),
      at(3, 1, of(7n)),
      marker('COMMIT', 7n, 4),
    ]);
    const taken = take(bytes, 0, { aborted: [{ producerId: 7n, firstOffset: 0n }] });
    expect(offsetsOf(taken)).toEqual([1, 3]);
    expect(taken.nextOffset).toBe(5);
  });

  it('hides transactions of several producers that lie over each other', () => {
    const bytes = concatBytes([
      at(0, 1, of(7n)),
      at(1, 1, of(8n)),
      at(2, 1, of(9n)),
      marker('ABORT', 8n, 3),
      at(4, 1, of(7n)),
      marker('COMMIT', 9n, 5),
      at(6, 1, of(8n)),
      marker('ABORT', 7n, 7),
    ]);
    const aborted = [
      { producerId: 8n, firstOffset: 1n },
      { producerId: 7n, firstOffset: 0n },
    ];
    expect(offsetsOf(take(bytes, 0, { aborted }))).toEqual([2, 6]);
  });

  it('shows a producer’s transaction that comes before the one that was aborted', () => {
    const bytes = concatBytes([at(0, 1, of(7n)), marker('COMMIT', 7n, 1), at(2, 1, of(7n)), marker('ABORT', 7n, 3)]);
    expect(offsetsOf(take(bytes, 0, { aborted: [{ producerId: 7n, firstOffset: 2n }] }))).toEqual([0]);
  });

  it('hides an aborted transaction that began before the position', () => {
    const bytes = concatBytes([at(10, 2, of(7n)), marker('ABORT', 7n, 12)]);
    const taken = take(bytes, 11, { aborted: [{ producerId: 7n, firstOffset: 4n }] });
    expect(taken).toMatchObject({ batches: [], nextOffset: 13 });
  });

  it('read_uncommitted hides the markers only', () => {
    const bytes = concatBytes([at(0, 1, of(7n)), marker('ABORT', 7n, 1), at(2, 1)]);
    expect(offsetsOf(take(bytes, 0))).toEqual([0, 2]);
  });
});

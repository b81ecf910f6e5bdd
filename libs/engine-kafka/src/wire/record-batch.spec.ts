import { describe, expect, it } from '@jest/globals';
import { createRecordsBatch } from '@platformatic/kafka';
import { COMPRESSION_TYPES, utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import fc from 'fast-check';
import { readRecords } from './fetched.js';
import { type NewRecord, batchBytesMax, writeBatch } from './record-batch.js';

const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 };
const record = (value: string | null, key?: string, headers: Record<string, string> = {}): NewRecord => ({
  key: key === undefined ? undefined : utf8(key),
  value: value === null ? null : utf8(value),
  headers: new Map(Object.entries(headers).map(([name, text]) => [name, utf8(text)])),
});

function batchOf(records: readonly NewRecord[], timestampMs = 1_700_000_000_000, stamp = NOBODY): Buffer {
  const bytes = Buffer.alloc(batchBytesMax(records));
  return bytes.subarray(0, writeBatch(bytes, 0, records, timestampMs, stamp, crc32c));
}

function placedAt(batch: Buffer, baseOffset: number): Buffer {
  const placed = Buffer.from(batch);
  placed.writeBigInt64BE(BigInt(baseOffset));
  return placed;
}

function withAttributes(batch: Buffer, attributes: number): Buffer {
  const changed = Buffer.from(batch);
  changed.writeInt16BE(attributes, 21);
  return changed;
}

describe('a record batch', () => {
  it('has the bytes that another client writes', () => {
    const records = [record('one', 'k1', { a: 'b' }), record(null, 'k2'), record('three')];
    const stamp = { producerId: 4_711n, producerEpoch: 3, baseSequence: 99 };
    const theirs = createRecordsBatch(
      records.map(({ key, value, headers }) => ({
        topic: 't',
        key: key as Buffer,
        value: value as Buffer,
        headers: new Map([...headers].map(([name, bytes]) => [Buffer.from(name), Buffer.from(bytes)])),
        timestamp: 1_700_000_000_000n,
      })),
      { ...stamp, partitionLeaderEpoch: -1 },
    ).buffer;
    const ours = batchOf(records, 1_700_000_000_000, stamp);
    // They have no way to say where a sequence begins.
    theirs.writeInt32BE(stamp.baseSequence, 53);
    theirs.writeUInt32BE(crc32c(theirs.subarray(21)), 17);
    expect(ours.toString('hex')).toBe(theirs.toString('hex'));
  });

  it('comes back as it was written, whatever it holds', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const any = fc.record({
      key: fc.option(bytes, { nil: undefined }),
      value: fc.option(bytes, { nil: null }),
      headers: fc.array(fc.tuple(fc.string({ maxLength: 40 }), bytes), { maxLength: 4 }).map((list) => new Map(list)),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 20 }), fc.nat(2 ** 40), (records, baseOffset) => {
        const read = readRecords(placedAt(batchOf(records), baseOffset), baseOffset, compression);
        expect(read.nextOffset).toBe(baseOffset + records.length);
        expect(read.records.map(({ offset }) => offset)).toEqual(records.map((_, index) => baseOffset + index));
        for (const [index, { key, value, headers }] of read.records.entries()) {
          const written = records[index]!;
          expect(key === null ? undefined : [...key]).toEqual(written.key && [...written.key]);
          expect(value && [...value]).toEqual(written.value && [...written.value]);
          expect([...headers].map(([name, header]) => [name, ...header])).toEqual(
            [...written.headers].map(([name, header]) => [name, ...header]),
          );
        }
      }),
    );
  });
});

describe('what a broker answers', () => {
  it('is read from the wanted offset on, past control batches, up to the last whole batch', () => {
    const first = placedAt(batchOf([record('0'), record('1'), record('2')]), 10);
    const control = withAttributes(placedAt(batchOf([record('x')]), 13), 0x20);
    const last = placedAt(batchOf([record('3')]), 14);
    const cut = placedAt(batchOf([record('4')]), 15);
    const bytes = Buffer.concat([first, control, last, cut.subarray(0, cut.length - 1)]);
    const { records, nextOffset } = readRecords(bytes, 11, compression);
    expect(records.map(({ offset, value }) => [offset, String(value)])).toEqual([
      [11, '1'],
      [12, '2'],
      [14, '3'],
    ]);
    expect(nextOffset).toBe(15);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('is unpacked from %s', (type) => {
    const plain = batchOf([record('packed', 'k'), record('too')]);
    const packed = compression.compress(type, plain.subarray(61));
    const batch = withAttributes(Buffer.concat([plain.subarray(0, 61), packed]), COMPRESSION_TYPES[type]);
    batch.writeInt32BE(batch.length - 12, 8);
    const { records } = readRecords(batch, 0, compression);
    expect(records.map(({ value }) => String(value))).toEqual(['packed', 'too']);
  });

  it('carries the time of the append where the log stamps it', () => {
    const batch = withAttributes(batchOf([record('a')], 5), 0x08);
    batch.writeBigInt64BE(77n, 35);
    expect(readRecords(batch, 0, compression).records[0]?.timestampMs).toBe(77);
  });

  it('is refused when it is not what it says, and never read beyond its end', () => {
    const whole = batchOf([record('one', 'key', { a: 'b' }), record('two')]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const broken = Buffer.from(whole);
        broken[at] = byte;
        try {
          const { records } = readRecords(broken, 0, compression);
          expect(records.length).toBeLessThanOrEqual(1_000);
        } catch (reason) {
          expect(reason).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

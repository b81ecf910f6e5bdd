import { describe, expect, it } from '@jest/globals';
import { type Epoch, type Offset, utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { buildBatch } from './batch-builder.js';
import { batchesIn } from './batches.js';
import { RecordBatch } from './record-batch.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

// Written by Kafka's own codec: key `key`, value `value 5`.
const ONE_RECORD = hex(
  '000000000000000000000042ffffffff02f6b29e780000000000000000018bcff20d060000018bcff20d06' +
    'ffffffffffffffffffffffffffff0000000120000000066b65790e76616c7565203500',
);

describe('a record batch', () => {
  it('reads what Kafka wrote', () => {
    const batch = RecordBatch.parse(ONE_RECORD);
    expect(batch).toMatchObject({
      sizeBytes: 78,
      baseOffset: 0,
      lastOffset: 0,
      nextOffset: 1,
      leaderEpoch: -1,
      magic: 2,
      checksum: 4138901112,
      compression: 'none',
      timestampType: 'CreateTime',
      isTransactional: false,
      isControl: false,
      baseTimestamp: 1700000828678,
      maxTimestamp: 1700000828678,
      producerId: -1n,
      hasProducerId: false,
      producerEpoch: -1,
      baseSequence: -1,
      lastSequence: -1,
      recordCount: 1,
    });
    expect(batch.checksumHolds(crc32c)).toBe(true);
    const [record] = [...batch.records()];
    expect(record).toEqual({
      offset: 0,
      timestampMs: 1700000828678,
      key: utf8('key'),
      value: utf8('value 5'),
      headers: [],
    });
  });

  it('writes what Kafka wrote', () => {
    const built = buildBatch([{ key: utf8('key'), value: utf8('value 5'), timestampMs: 1700000828678 }], { crc32c });
    expect(Buffer.from(built).toString('hex')).toBe(Buffer.from(ONE_RECORD).toString('hex'));
  });

  it('takes base offset and leader epoch without a new checksum', () => {
    const batch = RecordBatch.parse(ONE_RECORD.slice());
    batch.assign((2 ** 40 + 7) as Offset, 12 as Epoch);
    expect([batch.baseOffset, batch.leaderEpoch]).toEqual([2 ** 40 + 7, 12]);
    expect(batch.checksumHolds(crc32c)).toBe(true);
    expect([...batch.records()].map(({ offset }) => offset)).toEqual([2 ** 40 + 7]);
  });

  it('notices each flipped bit behind the checksum', () => {
    for (let at = 21; at < ONE_RECORD.byteLength; at++) {
      const bytes = ONE_RECORD.slice();
      bytes[at]! ^= 1 << (at & 7);
      expect(RecordBatch.parse(bytes).checksumHolds(crc32c)).toBe(false);
    }
  });

  it('shows the append time for every record once it is stamped', () => {
    const bytes = buildBatch([{ timestampMs: 5 }, { timestampMs: 9 }], { crc32c });
    const batch = RecordBatch.parse(bytes);
    batch.stampAppendTime(1_700_000_000_000, crc32c);
    expect(batch.timestampType).toBe('LogAppendTime');
    expect(batch.checksumHolds(crc32c)).toBe(true);
    expect([...batch.records()].map(({ timestampMs }) => timestampMs)).toEqual([1_700_000_000_000, 1_700_000_000_000]);
  });

  it('refuses bytes that cannot be a batch', () => {
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(60), /60 bytes are less than/],
      [ONE_RECORD.subarray(0, 77), /a batch of 78 bytes at byte 0, 77 are there/],
      [ONE_RECORD.map((byte, at) => (at === 16 ? 1 : byte)), /magic 1/],
      [ONE_RECORD.map((byte, at) => (at === 8 ? 0xff : byte)), /a batch of -/],
      [ONE_RECORD.map((byte, at) => (at === 11 ? 0 : byte)), /a batch of 12 bytes/],
    ];
    for (const [bytes, why] of cases) expect(() => RecordBatch.parse(bytes)).toThrow(why);
  });

  it('tells a broken record from a short batch', () => {
    const bytes = ONE_RECORD.slice();
    bytes[61] = 0x40;
    expect(() => [...RecordBatch.parse(bytes).records()]).toThrow(
      /record 0 of the batch: its size 32 leaves the batch/,
    );
  });
});

describe('batches in bytes', () => {
  it('walks whole ones and leaves out one that is cut off', () => {
    const three = Buffer.concat([ONE_RECORD, ONE_RECORD, ONE_RECORD.subarray(0, 70)]);
    expect([...batchesIn(three)].map(({ sizeBytes }) => sizeBytes)).toEqual([78, 78]);
    expect([...batchesIn(three.subarray(0, 100))]).toHaveLength(1);
    expect([...batchesIn(new Uint8Array(0))]).toEqual([]);
  });
});

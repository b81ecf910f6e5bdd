import { describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import fc from 'fast-check';
import { BatchBuilder, recordBytesMax, restamped } from './batch-builder.js';
import { BatchSlab } from './batch-slab.js';
import { BATCH_HEADER_BYTES, RecordBatch } from './record-batch.js';

const stamp = { producerId: 2n ** 53n + 1n, producerEpoch: 3, baseSequence: 2_147_483_647 };

describe('a builder', () => {
  it('stamps the batch when it is built', () => {
    const builder = new BatchBuilder({ crc32c });
    builder.append(null, utf8('a'), [], 5);
    const batch = RecordBatch.parse(builder.build(stamp));
    expect(batch).toMatchObject({ ...stamp, recordCount: 1, maxTimestamp: 5 });
    expect(batch.checksumHolds(crc32c)).toBe(true);
  });

  it('stamps a built batch anew, and leaves the old bytes alone', () => {
    const builder = new BatchBuilder({ crc32c });
    builder.append(null, utf8('a'), [], 5);
    const first = builder.build(stamp);
    const before = new Uint8Array(first);
    const second = RecordBatch.parse(restamped(first, { producerId: 7n, producerEpoch: 4, baseSequence: 0 }, crc32c));
    expect(second).toMatchObject({ producerId: 7n, producerEpoch: 4, baseSequence: 0 });
    expect(second.checksumHolds(crc32c)).toBe(true);
    expect(first).toEqual(before);
  });

  it('never takes more than recordBytesMax for a record', () => {
    const field = fc.option(fc.uint8Array({ maxLength: 300 }));
    const headers = fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 20 }), value: field }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(field, field, headers, fc.nat(), (key, value, given, timestampMs) => {
        const builder = new BatchBuilder({ crc32c });
        builder.append(null, null, [], 0);
        const before = builder.sizeBytes;
        builder.append(key, value, given, timestampMs);
        expect(builder.sizeBytes - before).toBeLessThanOrEqual(recordBytesMax(key, value, given));
      }),
    );
  });
});

describe('a slab', () => {
  it('keeps batches that are built side by side apart', () => {
    const slab = new BatchSlab();
    const values = Array.from({ length: 40 }, (_, n) => `${n}`.repeat(1 + (n % 7) * 300));
    const builders = values.map(() => new BatchBuilder({ crc32c, slab }));
    for (const [at, builder] of builders.entries()) {
      for (let times = 0; times <= at % 3; times++) builder.append(null, utf8(values[at]!), [], 1);
    }
    const batches = builders.map((builder) => RecordBatch.parse(builder.build()));
    for (const [at, batch] of batches.entries()) {
      expect(batch.checksumHolds(crc32c)).toBe(true);
      for (const { value } of batch.records()) expect(fromUtf8(value!)).toBe(values[at]);
    }
  });

  it('uses again what the last batch did not need', () => {
    const slab = new BatchSlab();
    const first = slab.keep(slab.take(512), 100);
    const second = slab.take(512);
    expect(second.byteOffset).toBe(first.byteOffset + 100);
  });

  it('does not use again what lies before another piece', () => {
    const slab = new BatchSlab();
    const first = slab.take(512);
    const second = slab.take(512);
    slab.keep(first, BATCH_HEADER_BYTES);
    expect(slab.take(10).byteOffset).toBe(second.byteOffset + 512);
  });
});

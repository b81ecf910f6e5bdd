import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import * as fc from 'fast-check';
import { type BatchOptions, buildBatch, type NewRecord } from './batch-builder.js';
import { BatchRefused, type ProduceRules, validateProduced } from './batch-validator.js';
import { batchesIn } from './batches.js';
import { RecordBatch } from './record-batch.js';

const NOW = 1_700_000_000_000;
const RULES: ProduceRules = {
  messageBytesMax: 10_000,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 1000,
  timestampAfterMaxMs: 1000,
  compacts: false,
  compressionType: 'producer',
  decompressedBytesMax: 100_000,
  takesZstd: true,
};
const world = { crc32c, compression, nowMs: NOW };
const record = (value: string, more: Partial<NewRecord> = {}): NewRecord => ({
  value: utf8(value),
  timestampMs: NOW,
  ...more,
});
const three = [record('a'), record('b', { timestampMs: NOW + 5 }), record('c', { key: utf8('k') })];
const built = (records: readonly NewRecord[] = three, options: Partial<BatchOptions> = {}): Uint8Array =>
  buildBatch(records, { crc32c, codecs: compression, ...options });

function judge(bytes: Uint8Array | null, rules: Partial<ProduceRules> = {}): RecordBatch {
  return validateProduced(bytes, { ...RULES, ...rules }, world);
}

function refusal(bytes: Uint8Array | null, rules: Partial<ProduceRules> = {}): BatchRefused {
  try {
    judge(bytes, rules);
  } catch (reason) {
    if (reason instanceof BatchRefused) return reason;
    throw reason;
  }
  throw new Error('it was taken');
}

/** Changes bytes and makes the checksum right again: what is left is the lie itself. */
function forged(bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  new DataView(copy.buffer).setUint32(17, crc32c(copy.subarray(21)));
  return copy;
}

describe('what a producer sent', () => {
  it('is taken as it is, without a copy', () => {
    const bytes = built();
    const before = bytes.slice();
    expect(judge(bytes).bytes).toBe(bytes);
    expect(bytes).toEqual(before);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('is taken in %s, and never compressed anew', (type) => {
    const bytes = built(three, { compression: type });
    expect(judge(bytes).bytes).toBe(bytes);
    expect(refusal(forged(bytes, (copy) => copy.fill(0xff, 61))).code).toBe('INVALID_RECORD');
  });

  it('must be exactly one whole batch of magic 2 (25)', () => {
    const one = built();
    const old = one.slice();
    old[16] = 1;
    const unknown = one.slice();
    unknown[16] = 3;
    expect(refusal(null).code).toBe('INVALID_RECORD');
    expect(refusal(new Uint8Array(0)).code).toBe('INVALID_RECORD');
    expect(refusal(one.subarray(0, one.length - 1)).code).toBe('INVALID_RECORD');
    expect(refusal(Buffer.concat([one, one])).code).toBe('INVALID_RECORD');
    expect(refusal(old).code).toBe('INVALID_RECORD');
    expect(refusal(unknown).code).toBe('CORRUPT_MESSAGE');
    expect(judge(Buffer.concat([one, one.subarray(0, 30)])).sizeBytes).toBe(one.length);
  });

  it('must have a length that can be, and a checksum that holds (27)', () => {
    const short = built();
    new DataView(short.buffer).setInt32(8, 13);
    expect(refusal(short).code).toBe('CORRUPT_MESSAGE');
    const header = built().slice(0, 60);
    new DataView(header.buffer).setInt32(8, 48);
    expect(refusal(header).code).toBe('CORRUPT_MESSAGE');
    const bytes = built();
    for (let at = 17; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 4;
      expect(() => judge(flipped)).toThrow(
        at < 21 || at > 22 ? 'CORRUPT_MESSAGE' : /CORRUPT_MESSAGE|UNSUPPORTED_COMPRESSION_TYPE/,
      );
    }
  });

  it('must count its records rightly and begin at 0 (28)', () => {
    expect(refusal(built(three, { baseOffset: 1 })).code).toBe('INVALID_RECORD');
    expect(refusal(built(three, { lastOffsetDelta: 3 })).code).toBe('INVALID_RECORD');
    expect(refusal(built([])).code).toBe('INVALID_RECORD');
    const setCount = (count: number): Uint8Array =>
      forged(built(), (copy) => {
        new DataView(copy.buffer).setInt32(57, count);
        new DataView(copy.buffer).setInt32(23, count - 1);
      });
    for (const count of [2, 4, 0x7fff_ffff, -1]) expect(refusal(setCount(count)).code).toBe('INVALID_RECORD');
    expect(refusal(built([record('a', { offsetDelta: 1 })], { lastOffsetDelta: 0 })).code).toBe('INVALID_RECORD');
  });

  it('must not be a control batch, nor have a producer id without a sequence (30)', () => {
    expect(refusal(built(three, { isControl: true })).code).toBe('INVALID_RECORD');
    expect(refusal(built(three, { producerId: 5n, producerEpoch: 0 })).code).toBe('INVALID_RECORD');
    expect(judge(built(three, { producerId: 5n, producerEpoch: 0, baseSequence: 0 })).producerId).toBe(5n);
  });

  it('must not be larger than max.message.bytes, nor grow beyond the limit when decompressed (31, D.2)', () => {
    const bytes = built();
    expect(judge(bytes, { messageBytesMax: bytes.length }).sizeBytes).toBe(bytes.length);
    expect(refusal(bytes, { messageBytesMax: bytes.length - 1 }).code).toBe('MESSAGE_TOO_LARGE');
    for (const type of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const bomb = built([record('x'.repeat(150_000))], { compression: type });
      expect(() => judge(bomb)).toThrow('MESSAGE_TOO_LARGE');
      expect(judge(bomb, { decompressedBytesMax: 200_000 }).compression).toBe(type);
    }
  });

  it('must use a codec that there is, and zstd only from Produce 7 on (34, 35)', () => {
    expect(refusal(built(three, { compression: 'zstd' }), { takesZstd: false }).code).toBe(
      'UNSUPPORTED_COMPRESSION_TYPE',
    );
    for (const codec of [5, 6, 7]) {
      expect(() => judge(forged(built(), (copy) => (copy[22] = codec)))).toThrow('UNSUPPORTED_COMPRESSION_TYPE');
    }
  });

  it('must have a key in each record of a compacted topic, and says which have none (36)', () => {
    for (const type of ['none', 'lz4'] as const) {
      const refused = refusal(built(three, { compression: type }), { compacts: true });
      expect(refused.code).toBe('INVALID_RECORD');
      expect(refused.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
    }
    expect(judge(built([record('c', { key: utf8('') })]), { compacts: true }).recordCount).toBe(1);
  });

  it('gets the append time, in header and answer, with a checksum that holds (37)', () => {
    for (const type of ['none', 'gzip'] as const) {
      const batch = judge(built(three, { compression: type }), { timestampType: 'LogAppendTime' });
      expect([batch.timestampType, batch.maxTimestamp, batch.checksumHolds(crc32c)]).toEqual([
        'LogAppendTime',
        NOW,
        true,
      ]);
      expect([...batch.records(compression)].every(({ timestampMs }) => timestampMs === NOW)).toBe(true);
    }
    expect(refusal(built(three, { appendTimeMs: NOW })).code).toBe('INVALID_TIMESTAMP');
  });

  it('must lie within the bounds of time, where create time counts (38)', () => {
    const untimely = [
      record('a', { timestampMs: NOW - 1001 }),
      record('b', { timestampMs: -1 }),
      record('c', { timestampMs: NOW + 1001 }),
    ];
    const refused = refusal(built(untimely));
    expect(refused.code).toBe('INVALID_TIMESTAMP');
    expect(refused.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 2]);
    expect(judge(built(untimely), { timestampType: 'LogAppendTime' }).maxTimestamp).toBe(NOW);
    expect(judge(built([record('b', { timestampMs: NOW - 1000 })])).recordCount).toBe(1);
  });

  it('has its largest timestamp put right', () => {
    const lying = forged(built(), (copy) => new DataView(copy.buffer).setBigInt64(35, 99_999_999_999_999n));
    const batch = judge(lying);
    expect([batch.maxTimestamp, batch.checksumHolds(crc32c)]).toEqual([NOW + 5, true]);
  });

  it('is compressed anew only when the topic names another codec (33)', () => {
    for (const from of ['none', 'gzip'] as const) {
      for (const to of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
        const bytes = built(three, { compression: from, producerId: 7n, producerEpoch: 1, baseSequence: 4 });
        const batch = judge(bytes, { compressionType: to });
        expect(batch.bytes === bytes).toBe(from === to);
        expect([batch.compression, batch.checksumHolds(crc32c), batch.baseSequence]).toEqual([to, true, 4]);
        expect([...batch.records(compression)]).toEqual([...RecordBatch.parse(bytes).records(compression)]);
      }
    }
    const packed = built([record('x'.repeat(20_000))], { compression: 'gzip' });
    expect(() => judge(packed, { compressionType: 'none' })).toThrow('MESSAGE_TOO_LARGE');
  });

  it('keeps null, empty, and headers apart (47)', () => {
    const records: NewRecord[] = [
      { key: null, value: null },
      { key: utf8(''), value: utf8('') },
      {
        value: utf8('v'),
        headers: [
          { key: 'h', value: null },
          { key: 'h', value: utf8('') },
        ],
      },
    ];
    const read = [...judge(built(records)).records()];
    expect(read.map(({ key, value }) => [key, value])).toEqual([
      [null, null],
      [utf8(''), utf8('')],
      [null, utf8('v')],
    ]);
    expect(read[2]!.headers).toEqual(records[2]!.headers);
    const keyless = forged(built([{ headers: [{ key: '', value: null }] }]), (copy) => (copy[copy.length - 2] = 1));
    expect(refusal(keyless).code).toBe('INVALID_RECORD');
  });
});

const anyRecord = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 200 })),
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  timestampMs: fc.integer({ min: NOW - 1000, max: NOW + 1000 }),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 20 })) }), {
    maxLength: 4,
  }),
});

describe('any batch', () => {
  it('comes back as it was built, in every codec', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { minLength: 1, maxLength: 30 }),
        fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd'),
        (records, type) => {
          const batch = judge(built(records, { compression: type as 'none' }), { messageBytesMax: 1e6 });
          const read = [...batch.records(compression)].map(({ key, value, timestampMs, headers }) => ({
            key,
            value,
            timestampMs,
            headers,
          }));
          expect(read.map(comparable)).toEqual(records.map(comparable));
        },
      ),
    );
  });

  it('that was changed, with a checksum made right again, is refused or can be read to its end', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (records, changes) => {
          const bytes = forged(built(records), (copy) => {
            for (const [at, byte] of changes) copy[21 + (at % (copy.length - 21))] = byte;
          });
          let batch: RecordBatch;
          try {
            batch = judge(bytes, { timestampBeforeMaxMs: Infinity, timestampAfterMaxMs: Infinity });
          } catch (reason) {
            expect(['BatchRefused', 'ApiError']).toContain((reason as Error).name);
            return;
          }
          const read = [...batch.records(compression)];
          expect(read.map(({ offset }) => offset)).toEqual(read.map((_, at) => at));
          expect([...batchesIn(batch.bytes)]).toHaveLength(1);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function comparable({ key, value, timestampMs, headers }: NewRecord): unknown {
  const hex = (bytes?: Uint8Array | null): string | null => (bytes ? Buffer.from(bytes).toString('hex') : null);
  return [
    hex(key),
    hex(value),
    timestampMs,
    headers?.map((header) => [Buffer.from(header.key).toString('hex'), hex(header.value)]),
  ];
}

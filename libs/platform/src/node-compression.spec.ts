import { existsSync, readFileSync } from 'node:fs';
import zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { COMPRESSION_TYPES, type CompressionType } from '@trunkline/kernel';
import fc from 'fast-check';
import { lz4Compress, lz4Decompress, loadLz4Frames } from './lz4-frame.js';
import { compression } from './node-compression.js';
import { loadSnappyBlocks, snappyBlocksInJs, snappyCompress, snappyDecompress } from './xerial-snappy.js';
import { crc32c } from './node-checksum.js';

type Codec = Exclude<CompressionType, 'none'>;
const CODECS = (Object.keys(COMPRESSION_TYPES) as CompressionType[]).filter((type): type is Codec => type !== 'none');
const vectors = new URL('../../../../shared/kafka-messages/vectors/records.jsonl', import.meta.url);
const equal = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/** Bytes that compress, and bytes that do not. */
const samples = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5000 }))
    .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
);

describe.each(CODECS)('%s', (type) => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(samples, (bytes) => {
        const packed = compression.compress(type, bytes);
        expect(equal(compression.decompress(type, packed, bytes.length), bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('holds to the limit: at it passes, one byte above is TOO_LARGE', () => {
    const bytes = Buffer.alloc(300_000, 'trunkline ');
    const packed = compression.compress(type, bytes);
    expect(compression.decompress(type, packed, bytes.length)).toHaveLength(bytes.length);
    expect(() => compression.decompress(type, packed, bytes.length - 1)).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
  });

  it('refuses a bomb without holding what it would become', () => {
    const packed = compression.compress(type, Buffer.alloc(256 * 1024 * 1024));
    const beforeBytes = process.memoryUsage().rss;
    for (let n = 0; n < 20; n++) {
      expect(() => compression.decompress(type, packed, 1024 * 1024)).toThrow(
        expect.objectContaining({ code: 'TOO_LARGE' }),
      );
    }
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(128 * 1024 * 1024);
  });

  it('says so when bytes are cut off or are no such thing', () => {
    const packed = compression.compress(
      type,
      Buffer.from('some text that is long enough to be compressed, compressed'),
    );
    for (let length = 1; length < packed.length; length++) {
      expect(() => {
        const bytes = compression.decompress(type, packed.subarray(0, length), 1000);
        // A stream of snappy blocks that ends between two blocks is whole.
        if (type === 'snappy' && bytes.length === 0) throw new Error('not valid');
      }).toThrow();
    }
    expect(() => compression.decompress(type, Buffer.from('no codec begins like this'), 1000)).toThrow(
      `not valid ${type}`,
    );
  });

  it('throws nothing but errors for any bytes, and gives no more than the limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(60), fc.nat(255), (bytes, at, byte) => {
        const packed = Uint8Array.from(compression.compress(type, bytes));
        if (at < packed.length) packed[at] = byte;
        for (const candidate of [bytes, packed]) {
          try {
            expect(compression.decompress(type, candidate, 500).length).toBeLessThanOrEqual(500);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            expect(String(error)).not.toContain('expect(');
          }
        }
      }),
    );
  });
});

describe('what Kafka reads', () => {
  it('lz4 is a frame with independent blocks and a header checksum', () => {
    const packed = compression.compress('lz4', Buffer.alloc(100_000, 'x'));
    expect(Buffer.from(packed.subarray(0, 4)).readUInt32LE(0)).toBe(0x184d2204);
    expect(packed[4]! >> 6).toBe(1);
    expect(packed[4]! & 0x20).toBe(0x20);
  });

  it('snappy is the stream of xerial', () => {
    const packed = compression.compress('snappy', Buffer.from('x'));
    expect(Buffer.from(packed.subarray(0, 16)).toString('hex')).toBe('82534e41505059000000000100000001');
  });

  it('snappy is read without that stream too', () => {
    const raw = loadSnappyBlocks().compress(Buffer.alloc(1000, 'raw'));
    expect(compression.decompress('snappy', raw, 1000)).toHaveLength(1000);
  });

  it('gzip of several members is read whole', () => {
    const packed = Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two')]);
    expect(Buffer.from(compression.decompress('gzip', packed, 100)).toString()).toBe('one two');
  });
});

describe('without the native packages', () => {
  it('JavaScript reads what they write, and they read what JavaScript stores', () => {
    const snappy = loadSnappyBlocks();
    const lz4 = loadLz4Frames();
    fc.assert(
      fc.property(samples, (bytes) => {
        const max = bytes.length;
        expect(equal(snappyDecompress(snappyBlocksInJs, snappyCompress(snappy, bytes), max), bytes)).toBe(true);
        expect(equal(snappyDecompress(snappy, snappyCompress(snappyBlocksInJs, bytes), max), bytes)).toBe(true);
        expect(equal(lz4Decompress(undefined, lz4Compress(lz4, bytes), max), bytes)).toBe(true);
        expect(equal(lz4Decompress(lz4, lz4Compress(undefined, bytes), max), bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

interface VectorBatch {
  readonly compression: Codec | 'none';
  readonly valid: boolean;
  readonly sizeInBytes: number;
  readonly magic: number;
  readonly uncompressedRecordsHex?: string;
  readonly uncompressedRecordsLength?: number;
  readonly uncompressedRecordsCrc32c?: number;
}

if (existsSync(vectors)) {
  describe('every compressed batch of the vectors', () => {
    const rows = readFileSync(vectors, 'utf8').trim().split('\n');
    const found = rows.flatMap((row) => {
      const { name, hex, batches } = JSON.parse(row) as { name: string; hex: string; batches: VectorBatch[] };
      let at = 0;
      return batches.flatMap((batch, number) => {
        const bytes = Buffer.from(hex, 'hex').subarray(at, at + batch.sizeInBytes);
        at += batch.sizeInBytes;
        if (batch.compression === 'none' || batch.magic !== 2 || !batch.valid) return [];
        return [{ name: `${name} (${number})`, type: batch.compression, bytes: bytes.subarray(61), batch }];
      });
    });

    it('are there for each codec', () => {
      expect(new Set(found.map(({ type }) => type))).toEqual(new Set(CODECS));
    });

    it.each(found)('$name', ({ type, bytes, batch }) => {
      const records = compression.decompress(type, bytes, 64 * 1024 * 1024);
      if (batch.uncompressedRecordsHex !== undefined) {
        expect(Buffer.from(records).toString('hex')).toBe(batch.uncompressedRecordsHex);
      } else {
        expect(records).toHaveLength(batch.uncompressedRecordsLength!);
        expect(crc32c(records)).toBe(batch.uncompressedRecordsCrc32c);
      }
      if (type === 'lz4') expect(equal(lz4Decompress(undefined, bytes, records.length), records)).toBe(true);
      if (type === 'snappy')
        expect(equal(snappyDecompress(snappyBlocksInJs, bytes, records.length), records)).toBe(true);
    });
  });
}

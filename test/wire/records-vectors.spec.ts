import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compression, crc32c } from '@trunkline/platform';
import {
  batchesIn,
  buildBatch,
  controlTypeOf,
  endTransactionMarkerOf,
  type LogRecord,
  type NewRecord,
  type RecordBatch,
  validateProduced,
} from '@trunkline/records';

// Written by Kafka's own codec. Where the folder with all of them is absent, the project's own selection stands in.
const ALL = new URL('../../../shared/kafka-messages/vectors/records.jsonl', import.meta.url);
const GOLDEN = new URL('golden/records.jsonl', import.meta.url);

type Bytes = string | { readonly repeat: string; readonly times: number } | null;
interface VectorRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Bytes;
  readonly value: Bytes;
  readonly headers: readonly { readonly key: string; readonly value: Bytes }[];
  readonly controlType?: string;
  readonly coordinatorEpoch?: number;
}
interface VectorBatch {
  readonly magic: number;
  readonly valid: boolean;
  readonly sizeInBytes: number;
  readonly compression: string;
  readonly crc: number;
  readonly deleteHorizonMs: number | null;
  readonly uncompressedRecordsHex?: string;
  readonly uncompressedRecordsLength?: number;
  readonly uncompressedRecordsCrc32c?: number;
  readonly records: readonly VectorRecord[];
  readonly [header: string]: unknown;
}
interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly batches: readonly VectorBatch[];
}

const lines = readFileSync(existsSync(ALL) ? ALL : GOLDEN, 'utf8')
  .split('\n')
  .filter((line) => line !== '');
const vectors = lines.map((line): Vector => JSON.parse(line));
const current = vectors.filter(({ batches }) => batches.every(({ magic }) => magic === 2));
const old = vectors.filter(({ batches }) => batches.some(({ magic }) => magic < 2));

const bytesOf = (value: Bytes): Uint8Array | null => {
  if (value === null) return null;
  const part = Buffer.from(typeof value === 'string' ? value : value.repeat, 'base64');
  return new Uint8Array(
    typeof value === 'string' ? part : Buffer.concat(Array.from({ length: value.times }, () => part)),
  );
};
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (bytes: Uint8Array | null): string | null => (bytes === null ? null : hexOf(bytes));

describe('record batches as Kafka writes them', () => {
  it.each(current.map((vector) => [vector.name, vector] as const))('reads %s', (_name, { hex, batches }) => {
    const found = [...batchesIn(new Uint8Array(Buffer.from(hex, 'hex')))];
    expect(found.length).toBe(batches.length);
    found.forEach((batch, at) => sees(batch, batches[at]!));
  });

  it.each(current.map((vector) => [vector.name, vector] as const))('writes %s', (_name, { hex, batches }) => {
    for (const [at, batch] of [...batchesIn(new Uint8Array(Buffer.from(hex, 'hex')))].entries()) {
      const { records } = batches[at]!;
      if (!batches[at]!.valid || records.length === 0 || batch.deleteHorizonMs !== undefined || isBeyond(records))
        continue;
      const built = buildBatch(newRecords(batch, records), optionsOf(batch));
      if (!batch.isCompressed) expect(hexOf(built)).toBe(hexOf(batch.bytes));
      const [again] = batchesIn(built);
      expect(hexOf(again!.recordBytes(compression))).toBe(hexOf(batch.recordBytes(compression)));
      expect(again!.checksumHolds(crc32c)).toBe(true);
    }
  });

  it('refuses the message sets of old, as a broker does', () => {
    const rules = {
      messageBytesMax: 1e6,
      timestampType: 'CreateTime',
      timestampBeforeMaxMs: Infinity,
      timestampAfterMaxMs: Infinity,
      compacts: false,
      compressionType: 'producer',
      decompressedBytesMax: 1e6,
      takesZstd: true,
    } as const;
    for (const { hex } of old) {
      const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
      expect(() => [...batchesIn(bytes)]).toThrow('CORRUPT_MESSAGE');
      expect(() => validateProduced(bytes, rules, { crc32c, compression, nowMs: 0 })).toThrow('INVALID_RECORD');
    }
  });
});

function sees(batch: RecordBatch, wanted: VectorBatch): void {
  expect(batch.sizeBytes).toBe(wanted.sizeInBytes);
  expect(batch.checksumHolds(crc32c)).toBe(wanted.valid);
  if (!wanted.valid) return;
  if (!Number.isSafeInteger(wanted['baseOffset'])) {
    expect(Number.isSafeInteger(batch.baseOffset)).toBe(false); // Rounded, and seen to be so: no log takes it.
    return;
  }
  expect({
    magic: batch.magic,
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    compression: batch.compression,
    timestampType: batch.timestampType,
    crc: batch.checksum,
    partitionLeaderEpoch: batch.leaderEpoch,
    attributes: batch.attributes,
    lastOffsetDelta: batch.lastOffsetDelta,
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: Number(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    isTransactional: batch.isTransactional,
    isControlBatch: batch.isControl,
    deleteHorizonMs: batch.deleteHorizonMs ?? null,
    recordCount: batch.recordCount,
  }).toEqual(Object.fromEntries(HEADERS.map((name) => [name, wanted[name]])));
  const stored = batch.recordBytes(compression);
  if (wanted.uncompressedRecordsHex !== undefined) expect(hexOf(stored)).toBe(wanted.uncompressedRecordsHex);
  if (wanted.uncompressedRecordsLength !== undefined) {
    expect([stored.byteLength, crc32c(stored)]).toEqual([
      wanted.uncompressedRecordsLength,
      wanted.uncompressedRecordsCrc32c,
    ]);
  }
  expect([...batch.records(compression)].map(shown)).toEqual(wanted.records.map(expected));
  for (const { controlType, coordinatorEpoch } of wanted.records) {
    if (controlType !== undefined && controlTypeOf(batch) !== undefined) expect(controlTypeOf(batch)).toBe(controlType);
    if (coordinatorEpoch !== undefined) {
      expect(endTransactionMarkerOf(batch)).toEqual({ type: controlType, coordinatorEpoch });
    }
  }
}

const HEADERS = [
  'magic',
  'baseOffset',
  'lastOffset',
  'compression',
  'timestampType',
  'crc',
  'partitionLeaderEpoch',
  'attributes',
  'lastOffsetDelta',
  'baseTimestamp',
  'maxTimestamp',
  'producerId',
  'producerEpoch',
  'baseSequence',
  'lastSequence',
  'isTransactional',
  'isControlBatch',
  'deleteHorizonMs',
  'recordCount',
];

function shown({ offset, timestampMs, key, value, headers }: LogRecord): unknown {
  return {
    offset,
    timestamp: timestampMs,
    key: plain(key),
    value: plain(value),
    headers: headers.map((header) => ({ key: header.key, value: plain(header.value) })),
  };
}

function expected({ offset, timestamp, key, value, headers }: VectorRecord): unknown {
  return {
    offset,
    timestamp,
    key: plain(bytesOf(key)),
    value: plain(bytesOf(value)),
    headers: headers.map((header) => ({ key: header.key, value: plain(bytesOf(header.value)) })),
  };
}

/** int64 beyond what a number holds: such offsets and times are read rounded, and cannot be written back. */
function isBeyond(records: readonly VectorRecord[]): boolean {
  return records.some(({ offset, timestamp }) => !Number.isSafeInteger(offset) || !Number.isSafeInteger(timestamp));
}

function newRecords(batch: RecordBatch, records: readonly VectorRecord[]): NewRecord[] {
  return records.map(({ offset, timestamp, key, value, headers }, at) => ({
    offsetDelta: offset - batch.baseOffset,
    // Under LogAppendTime the records' own times are only in their deltas; the first of these vectors has 0, then 100.
    timestampMs: batch.timestampType === 'LogAppendTime' ? batch.baseTimestamp + deltasOf(batch)[at]! : timestamp,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map((header) => ({ key: header.key, value: bytesOf(header.value) })),
  }));
}

function deltasOf(batch: RecordBatch): number[] {
  const stored = batch.recordBytes(compression);
  const [first] = stored;
  const secondAt = 1 + (first! >> 1);
  return [
    0,
    ((stored[secondAt + 2]! & 0x7f) | ((stored[secondAt + 2]! & 0x80) === 0 ? 0 : stored[secondAt + 3]! << 7)) >> 1,
  ];
}

function optionsOf(batch: RecordBatch): Parameters<typeof buildBatch>[1] {
  return {
    crc32c,
    codecs: compression,
    compression: batch.compression,
    baseOffset: batch.baseOffset,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    lastOffsetDelta: batch.lastOffsetDelta,
    ...(batch.timestampType === 'LogAppendTime' && { appendTimeMs: batch.maxTimestamp }),
  };
}

import { ApiError, fromUtf8, type Offset } from '@trunkline/kernel';
import { VarintReader } from './varint.js';

/** A record's header: a name that need not be unique, and bytes or null. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record as it was read. Key and value are views on the batch's bytes: copy them before you keep or change them. */
export interface LogRecord {
  readonly offset: Offset;
  /** Milliseconds since 1970; -1 means none. In a `LogAppendTime` batch the batch's `maxTimestamp`. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  /** null is a tombstone, not the same as empty. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** What a batch's header says to its records. */
export interface RecordBase {
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  /** Given: the timestamp of every record. */
  readonly appendTimeMs: number | undefined;
}

const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * Reads `count` records one behind the other, each when it is asked for. Throws ApiError CORRUPT_MESSAGE at the first
 * that is broken, or when bytes are left behind the last.
 */
export function* readRecords(bytes: Uint8Array, count: number, base: RecordBase): Generator<LogRecord, void, void> {
  let at = 0;
  for (let index = 0; index < count; index++) {
    const prefix = new VarintReader(bytes, at, bytes.byteLength);
    const size = prefix.varint();
    const end = prefix.at + size;
    if (size < 0 || end > bytes.byteLength) throw broken(index, `its size ${size} leaves the batch`);
    yield readRecord(new VarintReader(bytes, prefix.at, end), base, index);
    at = end;
  }
  if (at !== bytes.byteLength)
    throw new ApiError('CORRUPT_MESSAGE', `${bytes.byteLength - at} bytes follow the last record`);
}

function readRecord(reader: VarintReader, base: RecordBase, index: number): LogRecord {
  reader.at += 1; // Attributes: no bit of them means anything yet.
  const timestampDelta = reader.varlong();
  const offsetDelta = reader.varint();
  const key = readBytes(reader, index);
  const value = readBytes(reader, index);
  const headers = readHeaders(reader, index);
  if (reader.at !== reader.end) throw broken(index, `${reader.end - reader.at} bytes follow its headers`);
  return {
    offset: (base.baseOffset + offsetDelta) as Offset,
    timestampMs: base.appendTimeMs ?? base.baseTimestamp + timestampDelta,
    key,
    value,
    headers,
  };
}

function readBytes(reader: VarintReader, index: number): Uint8Array | null {
  const length = reader.varint();
  if (length < 0) return null;
  const from = reader.at;
  if (length > reader.end - from) throw broken(index, `a field of ${length} bytes leaves it`);
  reader.at = from + length;
  return reader.bytes.subarray(from, reader.at);
}

function readHeaders(reader: VarintReader, index: number): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count > (reader.end - reader.at) / 2) throw broken(index, `${count} headers cannot be in it`);
  const headers: RecordHeader[] = [];
  for (let header = 0; header < count; header++) {
    const key = readBytes(reader, index);
    if (key === null) throw broken(index, 'a header without a key');
    headers.push({ key: fromUtf8(key), value: readBytes(reader, index) });
  }
  return headers;
}

function broken(index: number, why: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `record ${index} of the batch: ${why}`);
}

// records.jsonl: what stands in a `records` field, read by our records lib, and written again where the bytes must be equal.
import { difference, fromBase64, fromHex, toBase64, toHex } from './json-form.mjs';

const isUnsafe = (value) => typeof value === 'bigint' || value > Number.MAX_SAFE_INTEGER;

/**
 * Whether a set holds offsets or timestamps beyond 2^53. Ours are safe integers (see the kernel's ids): such a batch
 * passes through untouched, but what is read of it is rounded, and so it is compared, to 15 digits.
 */
export const isRounded = ({ batches }) =>
  batches.some((batch) => [batch.baseOffset, batch.maxTimestamp, batch.baseTimestamp].some(isUnsafe));

const ROUNDED_FIELDS = ['baseOffset', 'lastOffset', 'baseTimestamp', 'maxTimestamp', 'offset', 'timestamp'];

function rounded(values) {
  const unsafe = ROUNDED_FIELDS.filter((name) => isUnsafe(values[name]));
  return { ...values, ...Object.fromEntries(unsafe.map((name) => [name, Number(values[name]).toPrecision(15)])) };
}

/** Old message sets (magic 0 and 1): Kafka 4 neither takes nor gives them, and nor do we. */
export const isOldMessageSet = ({ batches }) => batches.some(({ magic }) => magic < 2);

export function recordLines({ records, platform }) {
  return (line) => {
    const bytes = fromHex(line.hex);
    if (isOldMessageSet(line)) return refusesOld(records, bytes);
    const seen = [...records.batchesIn(bytes)];
    if (seen.length !== line.batches.length) return `${seen.length} batches, not ${line.batches.length}`;
    for (const [index, batch] of seen.entries()) {
      const wrong = batchCheck({ records, platform }, batch, line.batches[index]);
      if (wrong !== undefined) return `batch ${index}: ${wrong}`;
    }
    return undefined;
  };
}

function refusesOld(records, bytes) {
  try {
    const read = [...records.batchesIn(bytes)];
    return read.length === 0 ? undefined : 'an old message set is read as batches';
  } catch (error) {
    return typeof error.code === 'string' ? undefined : error.stack;
  }
}

function batchCheck({ records, platform }, batch, expected) {
  const valid = batch.checksumHolds(platform.crc32c);
  if (valid !== expected.valid) return `the checksum ${valid ? 'holds' : 'is wrong'}`;
  if (!valid)
    return difference({ magic: batch.magic, sizeInBytes: batch.sizeBytes }, pick(expected, ['magic', 'sizeInBytes']));
  const wrong = difference(rounded(headerOf(batch)), rounded(pick(expected, Object.keys(headerOf(batch)))));
  if (wrong !== undefined) return wrong;
  const plain = batch.recordBytes(platform.compression);
  const { uncompressedRecordsHex, uncompressedRecordsLength, uncompressedRecordsCrc32c } = expected;
  if (uncompressedRecordsHex !== undefined && toHex(plain) !== uncompressedRecordsHex)
    return 'other uncompressed records';
  if (uncompressedRecordsLength !== undefined) {
    const sums = { length: plain.length, sum: platform.crc32c(plain) };
    const differs = difference(sums, { length: uncompressedRecordsLength, sum: uncompressedRecordsCrc32c });
    if (differs !== undefined) return `uncompressed ${differs}`;
  }
  const read = [...batch.records(platform.compression)];
  const differs = difference(read.map(recordOf), expected.records.map(whole));
  if (differs !== undefined) return `records${differs}`;
  return isRounded({ batches: [expected] }) ? undefined : written({ records, platform }, batch, read, plain);
}

function headerOf(batch) {
  return {
    magic: batch.magic,
    sizeInBytes: batch.sizeBytes,
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
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    isTransactional: batch.isTransactional,
    isControlBatch: batch.isControl,
    deleteHorizonMs: batch.deleteHorizonMs ?? null,
    recordCount: batch.recordCount,
  };
}

const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));

const base64 = (bytes) => (bytes === null ? null : toBase64(bytes));

function recordOf({ offset, timestampMs, key, value, headers }) {
  const named = headers.map((header) => ({ key: header.key, value: base64(header.value) }));
  return rounded({ offset, timestamp: timestampMs, key: base64(key), value: base64(value), headers: named });
}

/** The vector's record with long values spelled out. */
function whole({ offset, timestamp, key, value, headers }) {
  return rounded({ offset, timestamp, key: spelled(key), value: spelled(value), headers });
}

function spelled(value) {
  if (typeof value !== 'object' || value === null) return value;
  const one = Buffer.from(fromBase64(value.repeat));
  return toBase64(Buffer.concat(Array.from({ length: value.times }, () => one)));
}

/**
 * Builds the batch again from what was read. Uncompressed bytes must be equal (for a batch without compression, all of
 * it); compressed ones need not. Batches that only a cleaner or a log makes are not built.
 */
function written({ records, platform }, batch, read, plain) {
  if (batch.recordCount === 0 || batch.deleteHorizonMs !== undefined || batch.timestampType === 'LogAppendTime')
    return undefined;
  const builder = new records.BatchBuilder({
    crc32c: platform.crc32c,
    codecs: platform.compression,
    compression: batch.compression,
    baseOffset: batch.baseOffset,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    lastOffsetDelta: batch.lastOffsetDelta,
  });
  for (const { offset, timestampMs, key, value, headers } of read) {
    builder.add({ timestampMs, key, value, headers, offsetDelta: offset - batch.baseOffset });
  }
  const built = builder.build();
  if (!batch.isCompressed)
    return toHex(built) === toHex(batch.bytes) ? undefined : 'building it again gives other bytes';
  const again = records.RecordBatch.parse(built).recordBytes(platform.compression);
  return toHex(again) === toHex(plain) ? undefined : 'building it again gives other records';
}

import { ApiError, concatBytes, type Crc32c, type NodeId } from '@trunkline/kernel';
import { SnapshotFooterRecord, SnapshotHeaderRecord, encodeBody } from '@trunkline/protocol';
import { CONTROL_TYPES, RecordBatch, batchesIn, buildBatch, controlTypeOf } from '@trunkline/records';
import { partitionRecordOf } from './image-parts.js';
import type { LoadedImage } from './image-loader.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import type { MetadataRecord } from './records.js';

/** Records of one batch of a snapshot. */
const BATCH_RECORDS_MAX = 1000;
/** "No broker": whose block of producer ids came last does not matter any more. */
const NOBODY = -1 as NodeId;

/** The records that make an image out of nothing: what a snapshot holds. */
export function* recordsOf(image: LoadedImage): Generator<MetadataRecord, void, void> {
  for (const [name, featureLevel] of image.features) yield { kind: 'feature-level', name, featureLevel };
  for (const { id, epoch, ...broker } of image.brokers.values()) {
    yield { kind: 'register-broker', brokerId: id, brokerEpoch: epoch, ...broker };
  }
  for (const topic of image.topics) {
    yield { kind: 'topic', name: topic.name, topicId: topic.id };
    for (const partition of topic.partitions) yield partitionRecordOf(topic.id, partition);
  }
  for (const [{ type, name: resourceName }, configs] of image.configs) {
    for (const [name, value] of configs) yield { kind: 'config', resourceType: type, resourceName, name, value };
  }
  if (image.nextProducerId > 0n) {
    yield { kind: 'producer-ids', brokerId: NOBODY, brokerEpoch: -1n, nextProducerId: image.nextProducerId };
  }
}

/** A record of the quorum's own in a snapshot: its protocol, its voters. */
export interface SnapshotControl {
  readonly type: 'KRAFT_VERSION' | 'KRAFT_VOTERS';
  readonly value: Uint8Array;
}

/**
 * The bytes of a snapshot, in Kafka's form: a batch with the header, batches of records, a batch with the footer. The
 * footer is what makes it whole.
 */
export function encodeSnapshot(
  records: Iterable<MetadataRecord>,
  timestampMs: number,
  crc32c: Crc32c,
  controls: readonly SnapshotControl[] = [],
): Uint8Array {
  const chunks: Uint8Array[] = [];
  let baseOffset = 0;
  const put = (values: readonly Uint8Array[], key: Uint8Array | null): void => {
    const isControl = key !== null;
    chunks.push(
      buildBatch(
        values.map((value) => ({ key, value, timestampMs })),
        { crc32c, baseOffset, leaderEpoch: 0, isControl },
      ),
    );
    baseOffset += values.length;
  };
  const header = encodeBody(SnapshotHeaderRecord, 0, { version: 0, lastContainedLogTimestamp: BigInt(timestampMs) });
  put([concatBytes(header)], controlKey('SNAPSHOT_HEADER'));
  for (const { type, value } of controls) put([value], controlKey(type));
  let pending: Uint8Array[] = [];
  for (const record of records) {
    pending.push(encodeRecord(record));
    if (pending.length < BATCH_RECORDS_MAX) continue;
    put(pending, null);
    pending = [];
  }
  if (pending.length > 0) put(pending, null);
  put([concatBytes(encodeBody(SnapshotFooterRecord, 0, { version: 0 }))], controlKey('SNAPSHOT_FOOTER'));
  return concatBytes(chunks);
}

/** The records of a snapshot. Throws ApiError CORRUPT_MESSAGE when it is not whole and sound from end to end (C21). */
export function decodeSnapshot(bytes: Uint8Array, crc32c: Crc32c): readonly MetadataRecord[] {
  const records: MetadataRecord[] = [];
  const controls: (string | undefined)[] = [];
  let at = 0;
  for (const batch of batchesIn(bytes)) {
    if (!batch.checksumHolds(crc32c)) throw new ApiError('CORRUPT_MESSAGE', `the checksum at byte ${at} does not hold`);
    if (batch.isControl) controls.push(controlTypeOf(batch));
    else records.push(...recordsIn(batch));
    at += batch.sizeBytes;
  }
  if (at < bytes.byteLength || controls[0] !== 'SNAPSHOT_HEADER' || controls.at(-1) !== 'SNAPSHOT_FOOTER') {
    throw new ApiError('CORRUPT_MESSAGE', `it ends at byte ${at} of ${bytes.byteLength} without its footer`);
  }
  return records;
}

/** The metadata records of a batch. */
export function recordsIn(batch: RecordBatch): readonly MetadataRecord[] {
  return [...batch.records()].map(({ value, offset }) => {
    if (value === null) throw new ApiError('CORRUPT_MESSAGE', `the record at offset ${offset} has no value`);
    return decodeRecord(value);
  });
}

/** The key of a control record: an int16 version, 0, and its type. */
function controlKey(type: keyof typeof CONTROL_TYPES): Uint8Array {
  return Uint8Array.of(0, 0, 0, CONTROL_TYPES[type]);
}

import { readInt16, readInt32, writeInt16, writeInt32 } from './big-endian.js';
import { type BatchOptions, buildBatch } from './batch-builder.js';
import type { RecordBatch } from './record-batch.js';

/** What a control record says; the number is the type's value in its key. */
export const CONTROL_TYPES = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;
export type ControlType = keyof typeof CONTROL_TYPES;

/** The end of a transaction in a partition (KIP-98). */
export interface EndTransactionMarker {
  readonly type: 'ABORT' | 'COMMIT';
  readonly coordinatorEpoch: number;
}

/** What the only record of a control batch says; undefined for other batches, and for types nobody has defined. */
export function controlTypeOf(batch: RecordBatch): ControlType | undefined {
  const key = batch.isControl ? firstRecord(batch)?.key : undefined;
  if (key === null || key === undefined || key.byteLength < 4) return undefined;
  const id = readInt16(key, 2);
  return CONTROL_NAMES.find((name) => CONTROL_TYPES[name] === id);
}

/** The marker in a control batch; undefined when it is none. */
export function endTransactionMarkerOf(batch: RecordBatch): EndTransactionMarker | undefined {
  const type = controlTypeOf(batch);
  if (type !== 'ABORT' && type !== 'COMMIT') return undefined;
  const value = firstRecord(batch)?.value;
  if (value === null || value === undefined || value.byteLength < 6) return undefined;
  return { type, coordinatorEpoch: readInt32(value, 2) };
}

/** Writes a marker, as a transaction coordinator sends it to a partition. */
export function buildEndTransactionMarker(
  marker: EndTransactionMarker,
  timestampMs: number,
  options: Required<Pick<BatchOptions, 'crc32c' | 'producerId' | 'producerEpoch'>>,
): Uint8Array {
  const key = new Uint8Array(4);
  writeInt16(key, 2, CONTROL_TYPES[marker.type]);
  const value = new Uint8Array(6);
  writeInt32(value, 2, marker.coordinatorEpoch);
  return buildBatch([{ key, value, timestampMs }], { ...options, isTransactional: true, isControl: true });
}

const CONTROL_NAMES: readonly ControlType[] = [
  'ABORT',
  'COMMIT',
  'LEADER_CHANGE',
  'SNAPSHOT_HEADER',
  'SNAPSHOT_FOOTER',
  'KRAFT_VERSION',
  'KRAFT_VOTERS',
];

function firstRecord(batch: RecordBatch): ReturnType<ReturnType<RecordBatch['records']>['next']>['value'] {
  return batch.records().next().value;
}

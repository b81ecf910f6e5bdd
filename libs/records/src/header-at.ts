import { readInt32, readInt64 } from './big-endian.js';
import { ATTRIBUTES, BATCH, BATCH_HEADER_BYTES, LOG_OVERHEAD_BYTES, MAGIC } from './record-batch.js';

/** Bytes of the batch that begins at `at`, as its header says; at least the first 12 bytes must be there. */
export function batchSizeAt(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + BATCH.length) + LOG_OVERHEAD_BYTES;
}

/** Base offset of the batch that begins at `at`. For walks over many batches that need no view of each. */
export function batchBaseOffsetAt(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + BATCH.baseOffset);
}

/** One behind the last offset of the batch that begins at `at`; its whole header must be there. */
export function batchNextOffsetAt(bytes: Uint8Array, at: number): number {
  return batchBaseOffsetAt(bytes, at) + readInt32(bytes, at + BATCH.lastOffsetDelta) + 1;
}

/** Whether what begins at `at` calls itself a transactional batch. False when no whole header is there; nothing is checked. */
export function isTransactionalAt(bytes: Uint8Array, at: number): boolean {
  if (bytes.byteLength - at < BATCH_HEADER_BYTES || bytes[at + BATCH.magic] !== MAGIC) return false;
  return (bytes[at + BATCH.attributes + 1]! & ATTRIBUTES.transactional) !== 0;
}

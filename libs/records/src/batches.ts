import { readInt32 } from './big-endian.js';
import { BATCH, BATCH_HEADER_BYTES, LOG_OVERHEAD_BYTES, RecordBatch } from './record-batch.js';

/**
 * The whole batches in `bytes`, one behind the other, as views. A batch that is cut off at the end is no batch: it is
 * left out, as Kafka's clients do. Throws ApiError CORRUPT_MESSAGE at a length or magic that cannot be.
 */
export function* batchesIn(bytes: Uint8Array): Generator<RecordBatch, void, void> {
  let at = 0;
  while (bytes.byteLength - at >= BATCH_HEADER_BYTES) {
    const size = readInt32(bytes, at + BATCH.length) + LOG_OVERHEAD_BYTES;
    if (size >= BATCH_HEADER_BYTES && size > bytes.byteLength - at) return;
    yield RecordBatch.parse(bytes, at);
    at += size;
  }
}

export * from './batch-builder.js';
export * from './batch-slab.js';
export * from './batch-validator.js';
export * from './batches.js';
export * from './control-batch.js';
export * from './header-at.js';
export * from './record-cursor.js';
export * from './record.js';
export { BATCH_HEADER_BYTES, DECOMPRESSED_BYTES_MAX, LOG_OVERHEAD_BYTES, MAGIC, RecordBatch } from './record-batch.js';

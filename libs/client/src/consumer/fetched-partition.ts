import type { FetchedBatch } from './fetched-batch.js';

/** What one answer held of one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** In order; control batches and, in read_committed, those of aborted transactions are left out. May be none. */
  readonly batches: readonly FetchedBatch[];
  /** Where the next fetch begins. It may lie behind the last record: control batches have offsets too. */
  readonly nextOffset: number;
  /** Of the batches: what counts as waiting until it is told to be drained. */
  readonly sizeBytes: number;
  /** The log as it was; -1 for what the broker did not say. */
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

import { ApiError, type Compression, type Crc32c, type Offset } from '@trunkline/kernel';
import type { ShardLog, ShardRecord } from '@trunkline/coordinator';
import { BatchBuilder, RecordBatch, batchesIn } from '@trunkline/records';
import type { Partition } from '../replica/partition.js';

/** A batch is closed before it grows beyond this, unless one record alone is larger. */
const BATCH_BYTES_MAX = 1024 * 1024;
const READ_BYTES_MAX = 1024 * 1024;
/** What a compressed batch may grow to. Ours are not compressed; those of a log that came from elsewhere may be. */
const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

/** A coordinator's shard in a partition of an internal topic: its records in Kafka's batches, committed at the high watermark. */
export class PartitionShardLog implements ShardLog {
  constructor(
    readonly partition: Partition,
    readonly crc32c: Crc32c,
    readonly compression: Compression,
  ) {}

  get endOffset(): number {
    return this.partition.log.endOffset;
  }

  append(records: readonly ShardRecord[], wallMs: number): Promise<void> {
    this.partition.mustLead();
    this.partition.mustHaveMinIsr();
    const [first, ...rest] = this.#batches(records, wallMs);
    if (first === undefined) return Promise.resolve();
    const committed = [this.#append(first)];
    try {
      for (const bytes of rest) committed.push(this.#append(bytes));
    } catch (reason) {
      committed.push(Promise.reject(reason)); // The first is in the log: this is no refusal any more.
    }
    return Promise.all(committed).then(() => {});
  }

  async *readAll(): AsyncGenerator<readonly ShardRecord[]> {
    const { log } = this.partition;
    const { startOffset, endOffset } = log;
    let from: Offset = startOffset;
    while (from < endOffset) {
      const { chunks, nextOffset } = await this.partition.read(from, endOffset, READ_BYTES_MAX, true);
      for (const chunk of chunks) {
        for (const batch of batchesIn(chunk)) yield this.#recordsOf(batch, startOffset);
      }
      if (nextOffset <= from) throw new ApiError('CORRUPT_MESSAGE', `${this.partition.name} ends before ${endOffset}`);
      from = nextOffset;
    }
  }

  async advanceStart(offset: number): Promise<void> {
    await this.partition.log.advanceStartOffset(offset as Offset);
  }

  /** Throws at once when the log takes nothing. */
  #append(bytes: Uint8Array): Promise<void> {
    let settle: (error?: Error) => void = () => {};
    const committed = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.partition.appendInternal(bytes, settle);
    return committed;
  }

  *#batches(records: readonly ShardRecord[], timestampMs: number): Generator<Uint8Array> {
    let builder = new BatchBuilder({ crc32c: this.crc32c });
    for (const { key, value } of records) {
      const isFull = builder.sizeBytes + key.byteLength + (value?.byteLength ?? 0) > BATCH_BYTES_MAX;
      if (isFull && builder.recordCount > 0) {
        yield builder.build();
        builder = new BatchBuilder({ crc32c: this.crc32c });
      }
      builder.add({ key, value, timestampMs });
    }
    if (builder.recordCount > 0) yield builder.build();
  }

  #recordsOf(batch: RecordBatch, startOffset: Offset): readonly ShardRecord[] {
    if (!batch.checksumHolds(this.crc32c)) {
      throw new ApiError('CORRUPT_MESSAGE', `${this.partition.name}: wrong checksum at offset ${batch.baseOffset}`);
    }
    const records: ShardRecord[] = [];
    if (batch.isControl) return records;
    for (const { key, value, offset } of batch.records(this.compression, DECOMPRESSED_BYTES_MAX)) {
      if (key !== null && offset >= startOffset) records.push({ key, value });
    }
    return records;
  }
}

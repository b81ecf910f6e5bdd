import { ApiError, type Compression, type Offset } from '@trunkline/kernel';
import { RecordCursor, type RecordBatch } from '@trunkline/records';
import type { KafkaErrorName } from '../error.js';
import { FetchError } from './fetch-error.js';
import { FetchedRecord } from './fetched-record.js';

/** With what, and how far, batches are unpacked. */
export interface Unpacking {
  readonly codecs: Compression | undefined;
  /** What one batch may grow to, bytes. */
  readonly decompressedBytesMax: number;
}

/**
 * A batch as it came, with the records from the position on. Nothing of its records is decoded until they are asked for;
 * a compressed batch is decompressed once, at the first.
 */
export class FetchedBatch {
  readonly #unpacking: Unpacking;
  readonly #from: number;
  #bytes: Uint8Array | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly batch: RecordBatch,
    /** Records below belong to somebody who has read them. */
    from: number,
    unpacking: Unpacking,
  ) {
    this.#from = from;
    this.#unpacking = unpacking;
  }

  /** One behind the last offset that the batch stands for. */
  get nextOffset(): Offset {
    return this.batch.nextOffset;
  }

  /** As it came, compressed or not. */
  get sizeBytes(): number {
    return this.batch.sizeBytes;
  }

  /** The records, each made when it is asked for. Throws FetchError, as {@link BatchReader.next} does. */
  *records(): Generator<FetchedRecord, void, void> {
    const reader = this.reader();
    for (let record = reader.next(); record !== undefined; record = reader.next()) yield record;
  }

  /** The records without a generator, for those who read many. */
  reader(): BatchReader {
    return new BatchReader(this, this.#from);
  }

  /**
   * The bytes of the records. Throws FetchError CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE, or MESSAGE_TOO_LARGE for a
   * batch that would grow beyond its limit.
   */
  recordBytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    const { codecs, decompressedBytesMax } = this.#unpacking;
    try {
      return (this.#bytes = this.batch.recordBytes(codecs, decompressedBytesMax));
    } catch (reason) {
      throw this.broken(reason, Math.max(this.#from, this.batch.baseOffset));
    }
  }

  /** What an error inside this batch is to its reader. `position` is the first offset that was not read. */
  broken(reason: unknown, position: number): unknown {
    if (!(reason instanceof ApiError)) return reason;
    const { topic, partition, nextOffset } = this;
    return new FetchError(
      reason.code as KafkaErrorName,
      { topic, partition, position, nextOffset },
      `cannot be read at offset ${position}: ${reason.detail}`,
      { advice: `seek to ${nextOffset} to go on behind this batch`, cause: reason },
    );
  }
}

/** Reads the records of a batch one after the other. */
export class BatchReader {
  readonly #batch: FetchedBatch;
  #from: number;
  #cursor: RecordCursor | undefined;

  constructor(batch: FetchedBatch, from: number) {
    this.#batch = batch;
    this.#from = from;
  }

  /**
   * The next record; undefined behind the last. Throws FetchError that names the offset when the batch cannot be
   * decompressed or a record is broken; asked again, it throws again.
   */
  next(): FetchedRecord | undefined {
    const batch = this.#batch;
    const cursor = (this.#cursor ??= new RecordCursor(batch.batch, batch.recordBytes()));
    try {
      while (cursor.next()) {
        if (cursor.offset < this.#from) continue;
        this.#from = cursor.offset + 1;
        return new FetchedRecord(batch.topic, batch.partition, cursor);
      }
    } catch (reason) {
      throw batch.broken(reason, Math.max(this.#from, batch.batch.baseOffset));
    }
    return undefined;
  }
}

import {
  BATCH_HEADER_BYTES,
  BatchBuilder,
  type BatchOptions,
  type ProducerStamp,
  RecordBatch,
  restamped,
} from '@trunkline/records';
import type { KafkaError } from '../error.js';
import type { PendingBatch } from './pending.js';
import type { ProducerHeader, Settled } from './producer-record.js';

export const NO_STAMP: ProducerStamp = { producerId: -1n, producerEpoch: -1, baseSequence: -1 };

/** Of a batch without records; never pushed to. */
const NOBODY: Settled[] = [];
const NEVER: number[] = [];

/** What a flush waits for: counts down as batches end. */
export interface Holder {
  left: number;
  ended(): void;
}

/**
 * Records of one partition on their way together, and who waits for each.
 *
 * Encoded record by record as they come, finished when it leaves, and sent again as the same bytes; a new stamp costs a
 * copy and a checksum. No record is encoded twice, but when a batch is taken apart.
 */
export class ProducerBatch {
  #builder: BatchBuilder | undefined;
  #bytes: Uint8Array | undefined;
  #stamp: ProducerStamp = NO_STAMP;
  #settles = NOBODY;
  #timestamps = NEVER;
  recordCount = 0;
  /** Bytes that count against the buffer: what its records were estimated at. */
  bufferBytes = 0;
  /** Its first record's place among those of the partition, modulo 2^31; -1 before it left for the first time. */
  baseSequence = -1;
  /** Times that it left. */
  attempts = 0;
  /** Under way, and not answered. */
  isInFlight = false;
  /** An attempt ended without an answer, or with one that leaves open whether it was written. */
  isUncertain = false;
  /** Settled already, though it is still under way: its time was over. */
  isAbandoned = false;
  /** It does not linger. */
  isUrgent = false;
  /** Its sequence changed after it left. */
  wasRenumbered = false;
  /** The last failure, for the text of a timeout. */
  lastError: KafkaError | undefined;
  /** Among those that are not settled; undefined: it is. */
  place: PendingBatch | undefined;
  /** It was taken apart into these. */
  parts: readonly ProducerBatch[] | undefined;
  /** What waits for its end: a flush, a batch that was taken apart. */
  holders: Holder[] | undefined;

  constructor(
    private readonly making: BatchOptions,
    readonly createdMs: number,
    readonly deadlineMs: number,
  ) {
    this.#builder = new BatchBuilder(making);
  }

  /** Before compression while it is open; as it leaves afterwards. */
  get sizeBytes(): number {
    return this.#bytes?.byteLength ?? this.#builder?.sizeBytes ?? 0;
  }

  get isOpen(): boolean {
    return this.#builder !== undefined;
  }

  add(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly ProducerHeader[],
    timestampMs: number,
    settled: Settled,
  ): void {
    this.#builder!.append(key, value, headers, timestampMs);
    this.recordCount += 1;
    // A list that is made with its first element has room for one; one that is pushed to, for seventeen.
    if (this.recordCount === 1) {
      this.#settles = [settled];
      this.#timestamps = [timestampMs];
      return;
    }
    this.#settles.push(settled);
    this.#timestamps.push(timestampMs);
  }

  /** The bytes under this stamp. No record can be added any more. */
  bytes(producerId: bigint, producerEpoch: number, baseSequence: number): Uint8Array {
    const last = this.#stamp;
    if (this.#bytes === undefined) {
      this.#stamp = { producerId, producerEpoch, baseSequence };
      this.#bytes = this.#builder!.build(this.#stamp);
      this.#builder = undefined;
    } else if (
      last.baseSequence !== baseSequence ||
      last.producerEpoch !== producerEpoch ||
      last.producerId !== producerId
    ) {
      this.#stamp = { producerId, producerEpoch, baseSequence };
      this.#bytes = restamped(this.#bytes, this.#stamp, this.making.crc32c);
    }
    return this.#bytes;
  }

  /** Tells everybody who waits. `appendTimeMs` is -1 when the records' own timestamps stand. */
  settle(error: KafkaError | undefined, partition: number, baseOffset: number, appendTimeMs: number): void {
    const settles = this.#settles;
    const timestamps = this.#timestamps;
    this.#settles = NOBODY;
    this.#timestamps = NEVER;
    for (let index = 0; index < settles.length; index++) {
      const timestampMs = appendTimeMs < 0 ? timestamps[index]! : appendTimeMs;
      settles[index]!(error, partition, baseOffset < 0 ? -1 : baseOffset + index, timestampMs);
    }
  }

  /** Tells each its own error. */
  settleEach(errorOf: (index: number) => KafkaError, partition: number): void {
    const settles = this.#settles;
    const timestamps = this.#timestamps;
    this.#settles = NOBODY;
    this.#timestamps = NEVER;
    for (let index = 0; index < settles.length; index++) {
      settles[index]!(errorOf(index), partition, -1, timestamps[index]!);
    }
  }

  /** Its records in two batches of about as many bytes, in order. It must hold at least two and have left once. */
  split(): readonly [ProducerBatch, ProducerBatch] {
    const { making, createdMs, deadlineMs } = this;
    const halves = [
      new ProducerBatch(making, createdMs, deadlineMs),
      new ProducerBatch(making, createdMs, deadlineMs),
    ] as const;
    const batch = RecordBatch.parse(this.#bytes!);
    const half = batch.recordBytes(making.codecs, DECOMPRESSED_BYTES_MAX).byteLength / 2;
    const count = this.recordCount;
    let index = 0;
    for (const { key, value, headers } of batch.records(making.codecs, DECOMPRESSED_BYTES_MAX)) {
      const [first, second] = halves;
      const isFirst =
        index === 0 || (index < count - 1 && second.recordCount === 0 && first.sizeBytes - BATCH_HEADER_BYTES < half);
      (isFirst ? first : second).add(key, value, headers, this.#timestamps[index]!, this.#settles[index]!);
      index += 1;
    }
    const [first, second] = halves;
    first.bufferBytes = Math.floor((this.bufferBytes * first.recordCount) / count);
    second.bufferBytes = this.bufferBytes - first.bufferBytes;
    if (this.baseSequence >= 0) {
      first.baseSequence = this.baseSequence;
      second.baseSequence = sequenceAfter(this.baseSequence, first.recordCount);
    }
    this.#settles = NOBODY;
    this.#timestamps = NEVER;
    return halves;
  }
}

/** A batch of our own, so no bomb; the largest that options allow, and room. */
const DECOMPRESSED_BYTES_MAX = 2 ** 29;
const SEQUENCES = 2 ** 31;

/** The sequence `count` records further on: it runs over from 2147483647 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES;
}

import { ApiError, type Crc32c } from '@trunkline/kernel';
import {
  BATCH_HEADER_BYTES,
  LOG_OVERHEAD_BYTES,
  RecordBatch,
  batchSizeAt,
  endTransactionMarkerOf,
} from '@trunkline/records';
import type { KafkaErrorName } from '../error.js';
import { FetchError } from './fetch-error.js';
import { FetchedBatch, type Unpacking } from './fetched-batch.js';

/** A transaction that was aborted: its producer, and where it begins in the partition. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface TakeRules extends Unpacking {
  /** undefined: checksums are not looked at. */
  readonly crc32c: Crc32c | undefined;
  /** For read_committed: what the broker said of aborted transactions. undefined: everything is shown. */
  readonly aborted: readonly AbortedTransaction[] | undefined;
}

/** What an answer held of a partition. */
export interface Taken {
  /** Batches with records for us, in order. */
  readonly batches: readonly FetchedBatch[];
  /** Where the next fetch begins: behind the last whole batch, whether or not it had records for us. */
  readonly nextOffset: number;
  /** The leader epoch of the last batch; -1 when there was none. */
  readonly leaderEpoch: number;
  /** Why what follows cannot be taken. */
  readonly error: FetchError | undefined;
}

/**
 * Takes the whole batches of an answer apart, from the position on: control batches and those of aborted transactions are
 * left out, a batch that was cut off at the end is left for the next fetch. Only headers are read, and each checksum.
 *
 * Never throws: what cannot be taken is an error behind what could.
 */
export function takeBatches(
  topic: string,
  partition: number,
  bytes: Uint8Array,
  from: number,
  rules: TakeRules,
): Taken {
  const taking = new Taking(topic, partition, from, rules);
  const error = taking.run(bytes);
  const { batches, nextOffset, leaderEpoch } = taking;
  return { batches, nextOffset, leaderEpoch, error };
}

class Taking {
  readonly batches: FetchedBatch[] = [];
  nextOffset: number;
  leaderEpoch = -1;
  readonly #aborted: AbortedIndex | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    from: number,
    readonly rules: TakeRules,
  ) {
    this.nextOffset = from;
    this.#aborted = rules.aborted === undefined ? undefined : new AbortedIndex(rules.aborted);
  }

  run(bytes: Uint8Array): FetchError | undefined {
    const from = this.nextOffset;
    let at = 0;
    while (bytes.byteLength - at >= LOG_OVERHEAD_BYTES) {
      const size = batchSizeAt(bytes, at);
      if (size >= BATCH_HEADER_BYTES && size > bytes.byteLength - at) break;
      try {
        this.#take(RecordBatch.parse(bytes, at));
      } catch (reason) {
        if (!(reason instanceof ApiError)) throw reason;
        return this.#failed(reason.code as KafkaErrorName, reason.detail, at, size, bytes);
      }
      at += size;
    }
    if (bytes.byteLength === 0 || this.nextOffset > from) return undefined;
    return this.#failed('PROTOCOL_VIOLATION', `${bytes.byteLength} bytes without a batch from there on`, 0, 0, bytes);
  }

  #take(batch: RecordBatch): void {
    const { nextOffset: before, rules } = this;
    const { nextOffset } = batch;
    if (!Number.isSafeInteger(nextOffset)) throw new ApiError('CORRUPT_MESSAGE', `offset ${nextOffset} is no offset`);
    if (batch.lastOffsetDelta < 0) throw new ApiError('CORRUPT_MESSAGE', `last delta ${batch.lastOffsetDelta}`);
    if (nextOffset <= before) return;
    if (rules.crc32c !== undefined && !batch.checksumHolds(rules.crc32c)) {
      throw new ApiError('CORRUPT_MESSAGE', 'the checksum of the batch does not hold');
    }
    const isHidden = this.#aborted?.hides(batch) ?? false;
    this.nextOffset = nextOffset;
    this.leaderEpoch = batch.leaderEpoch;
    if (isHidden || batch.isControl || batch.recordCount === 0) return;
    this.batches.push(new FetchedBatch(this.topic, this.partition, batch, before, rules));
  }

  #failed(code: KafkaErrorName, why: string, at: number, size: number, bytes: Uint8Array): FetchError {
    const { topic, partition, nextOffset: position } = this;
    const behind = offsetBehind(bytes, at, size, position);
    const advice = behind === undefined ? 'seek elsewhere' : `seek to ${behind} to go on behind this batch`;
    const place = { topic, partition, position, ...(behind !== undefined && { nextOffset: behind }) };
    return new FetchError(code, place, `cannot be read at offset ${position}: ${why}`, { advice });
  }
}

/** Where the batch behind a broken one begins, when the answer holds it: the header of a broken one is not to be trusted. */
function offsetBehind(bytes: Uint8Array, at: number, size: number, position: number): number | undefined {
  const next = at + size;
  if (size < BATCH_HEADER_BYTES || next + BATCH_HEADER_BYTES > bytes.byteLength) return undefined;
  try {
    const { baseOffset } = RecordBatch.parse(
      bytes.subarray(0, Math.min(bytes.byteLength, next + batchSizeAt(bytes, next))),
      next,
    );
    return baseOffset > position ? baseOffset : undefined;
  } catch {
    return undefined;
  }
}

/** Which batches belong to aborted transactions, as the walk over a partition's batches goes on. */
class AbortedIndex {
  readonly #sorted: readonly AbortedTransaction[];
  readonly #producers = new Set<bigint>();
  #next = 0;

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#sorted = aborted.toSorted((left, right) => Number(left.firstOffset - right.firstOffset));
  }

  hides(batch: RecordBatch): boolean {
    if (!batch.isTransactional) return false;
    for (; this.#next < this.#sorted.length; this.#next++) {
      const { producerId, firstOffset } = this.#sorted[this.#next]!;
      if (firstOffset > batch.lastOffset) break;
      this.#producers.add(producerId);
    }
    if (this.#producers.size === 0) return false;
    const { producerId } = batch;
    if (!batch.isControl) return this.#producers.has(producerId);
    if (endTransactionMarkerOf(batch)?.type === 'ABORT') this.#producers.delete(producerId);
    return true;
  }
}

import { ApiError, type Offset } from '@trunkline/kernel';
import { endTransactionMarkerOf, type RecordBatch } from '@trunkline/records';
import type { ActiveProducer } from './log.js';

/** Batches remembered a producer: Java's limit of requests in flight (C75). */
export const BATCHES_REMEMBERED = 5;
/** Producers remembered a log; one more makes the one forgotten that was silent longest. */
export const PRODUCERS_MAX = 100_000;
const SEQUENCE_MAX = 0x7fff_ffff;

/** A batch that an idempotent producer wrote here. */
export interface BatchMark {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly timestampMs: number;
}

export interface ProducerEntry {
  readonly producerId: bigint;
  epoch: number;
  coordinatorEpoch: number;
  currentTxnStartOffset: number;
  lastTimestampMs: number;
  /** By the broker's clock: what expiry goes by, for producers may send any timestamp (semantics, item 55). */
  seenAtMs: number;
  /** The last ones, oldest first. */
  marks: BatchMark[];
}

/**
 * What a log remembers of idempotent and transactional producers (KIP-98): the sum of the batches in it. `check` decides
 * and changes nothing; `apply` takes a batch that stands in the log.
 */
export class ProducerState {
  readonly #entries = new Map<bigint, ProducerEntry>();
  /** First offsets of open transactions, by producer. */
  readonly #open = new Map<bigint, number>();
  /** Transactions whose marker is written, until it lies below the high watermark. */
  #ended: { readonly firstOffset: number; readonly markerOffset: number }[] = [];

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<ProducerEntry> {
    return this.#entries.values();
  }

  restore(entry: ProducerEntry): void {
    this.#entries.set(entry.producerId, entry);
    if (entry.currentTxnStartOffset >= 0) this.#open.set(entry.producerId, entry.currentTxnStartOffset);
  }

  clear(): void {
    this.#entries.clear();
    this.#open.clear();
    this.#ended = [];
  }

  /**
   * Judges a batch of a client or coordinator before it is appended. Returns the mark of the same batch when it is here
   * already. Throws ApiError INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE,
   * TRANSACTION_COORDINATOR_FENCED.
   */
  check(batch: RecordBatch): BatchMark | undefined {
    const entry = this.#entries.get(batch.producerId);
    if (entry === undefined) return undefined; // Nothing known: any first sequence is right (item 53).
    const epoch = batch.producerEpoch;
    if (epoch < entry.epoch) {
      throw new ApiError('INVALID_PRODUCER_EPOCH', `epoch ${epoch} of ${name(entry)} is older than ${entry.epoch}`);
    }
    if (batch.isControl) return this.#checkMarker(batch, entry);
    const duplicate = epoch === entry.epoch ? findMark(entry, batch) : undefined;
    if (duplicate !== undefined) return duplicate;
    checkSequence(entry, batch);
    if (entry.currentTxnStartOffset >= 0 && !batch.isTransactional) {
      throw new ApiError('INVALID_TXN_STATE', `${name(entry)} has an open transaction, the batch is not of it`);
    }
    return undefined;
  }

  /** Takes a batch that now stands in the log. A follower applies what its leader judged (C52). */
  apply(batch: RecordBatch, nowMs: number): void {
    const entry = this.#entryFor(batch.producerId, nowMs);
    const epoch = batch.producerEpoch;
    entry.seenAtMs = nowMs;
    entry.lastTimestampMs = batch.maxTimestamp;
    if (epoch !== entry.epoch) {
      entry.epoch = epoch;
      entry.marks = [];
    }
    if (batch.isControl) return this.#applyMarker(batch, entry);
    const { baseOffset, lastOffset, baseSequence, lastSequence } = batch;
    if (entry.marks.length === BATCHES_REMEMBERED) entry.marks.shift();
    entry.marks.push({
      firstSequence: baseSequence,
      lastSequence,
      firstOffset: baseOffset,
      lastOffset,
      timestampMs: batch.maxTimestamp,
    });
    if (batch.isTransactional && entry.currentTxnStartOffset < 0) {
      entry.currentTxnStartOffset = baseOffset;
      this.#open.set(entry.producerId, baseOffset);
    }
  }

  /**
   * The first offset that a read_committed reader may not pass: of the oldest transaction that is open, or whose marker
   * is not below `highWatermark` yet. undefined when there is none.
   */
  firstUnstableOffset(highWatermark: number): Offset | undefined {
    if (this.#open.size === 0 && this.#ended.length === 0) return undefined;
    this.#ended = this.#ended.filter(({ markerOffset }) => markerOffset >= highWatermark);
    let first = Number.POSITIVE_INFINITY;
    for (const { firstOffset } of this.#ended) first = Math.min(first, firstOffset);
    for (const { currentTxnStartOffset: start } of this.#entries.values())
      if (start >= 0) first = Math.min(first, start);
    return first === Number.POSITIVE_INFINITY ? undefined : (first as Offset);
  }

  /** Forgets producers that were silent for `expirationMs`, but none with an open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.currentTxnStartOffset < 0 && nowMs - entry.seenAtMs >= expirationMs) {
        this.#entries.delete(entry.producerId);
      }
    }
  }

  active(): ActiveProducer[] {
    return [...this.#entries.values()].map((entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.marks.at(-1)?.lastSequence ?? -1,
      lastTimestampMs: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnStartOffset: entry.currentTxnStartOffset,
    }));
  }

  #checkMarker(batch: RecordBatch, entry: ProducerEntry): undefined {
    const marker = endTransactionMarkerOf(batch);
    if (marker !== undefined && marker.coordinatorEpoch < entry.coordinatorEpoch) {
      throw new ApiError(
        'TRANSACTION_COORDINATOR_FENCED',
        `a marker of coordinator epoch ${marker.coordinatorEpoch} for ${name(entry)}, ${entry.coordinatorEpoch} was here`,
      );
    }
    return undefined;
  }

  #applyMarker(batch: RecordBatch, entry: ProducerEntry): void {
    const marker = endTransactionMarkerOf(batch);
    if (marker === undefined) return;
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    if (entry.currentTxnStartOffset < 0) return;
    this.#ended.push({ firstOffset: entry.currentTxnStartOffset, markerOffset: batch.lastOffset });
    entry.currentTxnStartOffset = -1;
    this.#open.delete(entry.producerId);
  }

  #entryFor(producerId: bigint, nowMs: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      if (this.#entries.size >= PRODUCERS_MAX) this.#forgetSilent();
      entry = {
        producerId,
        epoch: -1,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
        lastTimestampMs: -1,
        seenAtMs: nowMs,
        marks: [],
      };
      this.#entries.set(producerId, entry);
    }
    return entry;
  }

  /** A tenth at once, so that a full table does not cost a pass a batch. */
  #forgetSilent(): void {
    const idle = [...this.#entries.values()].filter(({ currentTxnStartOffset }) => currentTxnStartOffset < 0);
    idle.sort((left, right) => left.seenAtMs - right.seenAtMs);
    for (const { producerId } of idle.slice(0, Math.ceil(PRODUCERS_MAX / 10))) this.#entries.delete(producerId);
  }
}

function findMark({ marks }: ProducerEntry, batch: RecordBatch): BatchMark | undefined {
  const { baseSequence, lastSequence } = batch;
  return marks.findLast((mark) => mark.firstSequence === baseSequence && mark.lastSequence === lastSequence);
}

function checkSequence(entry: ProducerEntry, batch: RecordBatch): void {
  const first = batch.baseSequence;
  if (batch.producerEpoch !== entry.epoch) {
    if (first === 0 || entry.epoch < 0) return;
    throw outOfOrder(entry, `the first sequence of epoch ${batch.producerEpoch} is ${first}, not 0`);
  }
  const last = entry.marks.at(-1)?.lastSequence;
  if (last === undefined) {
    // Only a marker of this epoch was here; what follows begins anew.
    if (first !== 0)
      throw outOfOrder(entry, `the first sequence after a marker of epoch ${entry.epoch} is ${first}, not 0`);
    return;
  }
  const expected = last === SEQUENCE_MAX ? 0 : last + 1;
  if (first !== expected) throw outOfOrder(entry, `sequence ${first}, and ${expected} is next`);
}

function outOfOrder(entry: ProducerEntry, why: string): ApiError {
  return new ApiError('OUT_OF_ORDER_SEQUENCE_NUMBER', `${name(entry)}: ${why}`);
}

function name({ producerId }: ProducerEntry): string {
  return `producer ${producerId}`;
}

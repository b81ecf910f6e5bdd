import { invariant } from '@trunkline/kernel';
import { type ProducerBatch, sequenceAfter } from './batch.js';
import type { Shipment } from './effects.js';
import { IDEMPOTENT_IN_FLIGHT_MAX } from './producer-options.js';

/** The identity under which a producer writes (KIP-98). */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** No identity: what is sent twice is written twice. */
export const NO_IDENTITY: ProducerIdentity = { producerId: -1n, producerEpoch: -1 };

/** The last epoch that an id can have (KIP-360). */
export const EPOCH_MAX = 32_766;

/**
 * What waits for one partition, and what is under way to it, in order.
 *
 * `sent` holds the batches that left at least once and are not settled, by sequence; `waiting` those that never left. Only
 * the last of `waiting` takes records. The rules that keep the order of an idempotent producer:
 * a new batch leaves only while none that left before waits to be repeated, at most 5 are under way, and the first batch
 * under an identity is under way alone (a broker that knows nothing of a producer takes any first sequence, so a second
 * batch could be written where the first was lost). Of those to be repeated only the first may leave.
 */
export class PartitionWriter {
  readonly sent: ProducerBatch[] = [];
  readonly waiting: ProducerBatch[] = [];
  identity: ProducerIdentity = NO_IDENTITY;
  nextSequence = 0;
  /** A batch was acknowledged under this identity. */
  isKnown = false;
  /** When what is under way is answered, the sequences begin anew under a raised epoch. */
  needsNewEpoch = false;
  /** They may begin anew under the same epoch: the log has forgotten the producer. */
  mayRestart = false;
  /** Nothing leaves before, but to a leader of a later epoch than that which failed. */
  notBeforeMs = 0;
  failedEpoch = -1;
  /** Failures in a row. */
  failures = 0;
  inFlight = 0;
  /** The offset behind the last that was acknowledged, to tell a log that lost its head (UNKNOWN_PRODUCER_ID). */
  lastAckedOffset = -1;
  /** Brokers refused a larger batch. */
  batchBytesMax = Infinity;
  /** The request that its last batch left with: a request holds one batch of a partition. */
  aboard: Shipment | undefined;
  /** Its gaps end with the transaction. */
  isTransactional = false;
  /** Whether the open transaction holds this partition. Always true outside of transactions. */
  isAdmitted = true;
  /** It is among those that may have something to send. */
  isReady = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly isIdempotent: boolean,
  ) {}

  get isEmpty(): boolean {
    return this.sent.length === 0 && this.waiting.length === 0;
  }

  get about(): string {
    return `topic ${this.topic}/${this.partition}`;
  }

  /**
   * A batch that may be written is behind a gap. Under a new epoch it could be written again, so it is repeated under its
   * own sequence first: the broker has it, takes it, or says that the gap is one, and then nothing behind it is written.
   */
  get isUnresolved(): boolean {
    return this.needsNewEpoch && !this.isTransactional && this.sent.some(({ isUncertain }) => isUncertain);
  }

  /** Nothing of what is to be repeated is written. */
  resolve(): void {
    for (const batch of this.sent) batch.isUncertain = false;
  }

  /** The batch that may leave now, if time, leader and in-flight limits allow; undefined: none. */
  next(): ProducerBatch | undefined {
    if (!this.isAdmitted) return undefined;
    if (this.needsNewEpoch) return this.inFlight === 0 && this.isUnresolved ? this.sent[0] : undefined;
    if (!this.isIdempotent) return this.sent.find((batch) => !batch.isInFlight) ?? this.waiting[0];
    const [first] = this.sent;
    if (first !== undefined && !first.isInFlight) return first;
    for (let at = 1; at < this.sent.length; at++) if (!this.sent[at]!.isInFlight) return undefined;
    const most = this.isKnown ? IDEMPOTENT_IN_FLIGHT_MAX : 1;
    return this.sent.length < most ? this.waiting[0] : undefined;
  }

  /** The batch that `next` named leaves. */
  leaves(batch: ProducerBatch): void {
    if (batch.attempts === 0 && this.waiting[0] === batch) {
      takeFirst(this.waiting);
      this.sent.push(batch);
    }
    if (this.isIdempotent && batch.baseSequence < 0) {
      batch.baseSequence = this.nextSequence;
      this.nextSequence = sequenceAfter(this.nextSequence, batch.recordCount);
    }
    batch.attempts += 1;
    batch.isInFlight = true;
    batch.wasRenumbered = false;
    this.inFlight += 1;
  }

  /** The answer, or the end of the connection, came. */
  returns(batch: ProducerBatch): void {
    invariant(batch.isInFlight, 'a batch returns once for each time that it left');
    batch.isInFlight = false;
    this.inFlight -= 1;
  }

  /** The batch is written. */
  written(batch: ProducerBatch, nextOffset: number): void {
    this.#remove(batch);
    this.failures = 0;
    this.notBeforeMs = 0;
    this.isKnown = true;
    if (nextOffset > this.lastAckedOffset) this.lastAckedOffset = nextOffset;
  }

  /**
   * The batch will not be written, or it is not known whether it was. Its sequence numbers are given back when nobody saw
   * them; else a gap is left, and the sequences must begin anew.
   */
  dropped(batch: ProducerBatch): void {
    const isLast = this.sent.at(-1) === batch;
    if (this.#remove(batch) && batch.baseSequence >= 0 && this.isIdempotent) {
      if (isLast && !batch.isUncertain) this.nextSequence = batch.baseSequence;
      else this.needsNewEpoch = true;
    }
  }

  /** Whether a sequence that the broker did not expect is explained by a batch before it that has not arrived. */
  isExplained(batch: ProducerBatch): boolean {
    return batch.wasRenumbered || this.needsNewEpoch || this.sent[0] !== batch;
  }

  /** Puts parts in the place of a batch that left. The sequences behind it stay as they are. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    const at = this.sent.indexOf(batch);
    invariant(at >= 0, 'a batch that is taken apart has left');
    for (const part of parts) part.attempts = batch.attempts;
    this.sent.splice(at, 1, ...parts);
  }

  /** Begins anew at sequence 0. Nothing may be under way. `isKnown`: brokers hold this identity to its first sequence. */
  begin(identity: ProducerIdentity, isKnown = false): void {
    invariant(this.inFlight === 0, 'sequences begin anew when nothing is under way');
    this.identity = identity;
    this.nextSequence = 0;
    this.isKnown = isKnown;
    this.needsNewEpoch = false;
    this.mayRestart = false;
    for (const batch of this.sent) {
      batch.baseSequence = this.nextSequence;
      batch.wasRenumbered = true;
      this.nextSequence = sequenceAfter(this.nextSequence, batch.recordCount);
    }
  }

  #remove(batch: ProducerBatch): boolean {
    if (this.sent[0] === batch) return takeFirst(this.sent) !== undefined;
    const at = this.sent.indexOf(batch);
    if (at >= 0) return this.sent.splice(at, 1).length > 0;
    const waitsAt = this.waiting.indexOf(batch);
    if (waitsAt >= 0) this.waiting.splice(waitsAt, 1);
    return false;
  }
}

/** `shift` of a list with one element, as these are when records are sent one by one, costs ten times as much as `pop`. */
function takeFirst<T>(list: T[]): T | undefined {
  return list.length === 1 ? list.pop() : list.shift();
}

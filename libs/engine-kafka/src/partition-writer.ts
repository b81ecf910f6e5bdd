import { PublishFailed, TrunklineError } from '@trunkline/bus';
import { type NewRecord, type ProducerStamp, recordBytesMax } from './wire/record-batch.js';

/** One call of `publish`: settles when each of its messages has. */
export class PublishCall {
  readonly settled: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (reason: Error) => void = () => {};
  #failed: Map<number, TrunklineError> | undefined;

  constructor(private left: number) {
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (left === 0) this.#resolve();
  }

  done(index: number, error?: TrunklineError): void {
    if (error !== undefined) (this.#failed ??= new Map()).set(index, error);
    this.left -= 1;
    if (this.left > 0) return;
    if (this.#failed === undefined) this.#resolve();
    else this.#reject(new PublishFailed(this.#failed));
  }
}

/** A message on its way, and who waits for it. */
export class Outgoing implements NewRecord {
  readonly bytes: number;

  constructor(
    readonly key: Uint8Array | undefined,
    readonly value: Uint8Array | null,
    readonly headers: ReadonlyMap<string, Uint8Array>,
    readonly expiresAtMs: number,
    readonly call: PublishCall,
    readonly index: number,
  ) {
    this.bytes = recordBytesMax(this);
  }
}

/** The identity under which a partition is written. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What is sent, and sent again unchanged until it is answered: the broker tells repetitions by its sequence. */
export interface Batch {
  readonly writer: PartitionWriter;
  readonly records: readonly Outgoing[];
}

const SEQUENCES = 2 ** 31;

/**
 * What waits for one partition. One batch at a time is under way; what comes meanwhile is the next one, so that batches
 * grow with the load and the order holds whatever fails.
 */
export class PartitionWriter {
  /** Under way, or to be sent again. */
  batch: Batch | undefined;
  isSending = false;
  identity: ProducerIdentity | undefined;
  /** Whether the shared identity is spent here: it is not known how far its sequence got. */
  needsOwnIdentity = false;
  /** No attempt before this moment of the monotonic clock. */
  notBeforeMs = 0;
  failures = 0;
  #waiting: Outgoing[] = [];
  #sequence = 0;
  #alone = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  push(message: Outgoing): void {
    this.#waiting.push(message);
  }

  get isEmpty(): boolean {
    return this.batch === undefined && this.#waiting.length === 0;
  }

  /** The batch to send: the last one again, or a new one of what waits. */
  next(bytesMax: number): Batch {
    if (this.batch !== undefined) return this.batch;
    let bytes = 0;
    let count = 0;
    for (const message of this.#waiting) {
      bytes += message.bytes;
      if (count > 0 && (bytes > bytesMax || this.#alone > 0)) break;
      count += 1;
    }
    if (this.#alone > 0) this.#alone -= 1;
    const records = count === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, count);
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count);
    this.batch = { writer: this, records };
    return this.batch;
  }

  stamp(): ProducerStamp {
    const { producerId, producerEpoch } = this.identity ?? { producerId: -1n, producerEpoch: -1 };
    return { producerId, producerEpoch, baseSequence: producerId < 0n ? -1 : this.#sequence };
  }

  /** The batch was written: the sequence goes on behind it. */
  written(): readonly Outgoing[] {
    const records = this.#taken();
    this.#sequence = (this.#sequence + records.length) % SEQUENCES;
    this.failures = 0;
    return records;
  }

  /** The batch was refused: the sequence stays. */
  refused(): readonly Outgoing[] {
    this.failures = 0;
    return this.#taken();
  }

  /** Takes the batch apart: each of its messages is sent alone. */
  split(): void {
    const records = this.#taken();
    this.#alone = records.length;
    this.#waiting = [...records, ...this.#waiting];
  }

  /** What nobody waits for any more at `nowMs`: the whole batch once its first message is too old, and older ones behind. */
  expired(nowMs: number): readonly Outgoing[] {
    const first = this.batch?.records[0];
    const old: Outgoing[] = [];
    if (first !== undefined && first.expiresAtMs <= nowMs) {
      old.push(...this.#taken());
      this.forgetIdentity();
    }
    if (this.batch === undefined) {
      let count = 0;
      while ((this.#waiting[count]?.expiresAtMs ?? Infinity) <= nowMs) count += 1;
      old.push(...this.#waiting.splice(0, count));
    }
    return old;
  }

  /** It is not known how far the sequence got: go on under a new identity. */
  forgetIdentity(): void {
    this.identity = undefined;
    this.needsOwnIdentity = true;
    this.#sequence = 0;
  }

  #taken(): readonly Outgoing[] {
    const records = this.batch?.records ?? [];
    this.batch = undefined;
    return records;
  }
}

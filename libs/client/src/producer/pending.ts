import type { KafkaError } from '../error.js';
import type { Holder, ProducerBatch } from './batch.js';
import type { ProducerEffect } from './effects.js';
import type { PartitionWriter } from './partition-writer.js';

/** Batches that are not settled, and who waits for that. */
export class Pending {
  /** Estimated bytes of all records that are not settled. */
  bufferedBytes = 0;
  /** Oldest first, and so by deadline; a batch that was taken apart stays until its parts are settled. */
  #oldest: PendingBatch | undefined;
  #youngest: PendingBatch | undefined;

  constructor(private readonly effects: ProducerEffect[]) {}

  get isEmpty(): boolean {
    return this.#oldest === undefined;
  }

  get oldest(): PendingBatch | undefined {
    return this.#oldest;
  }

  /** All as they are now, oldest first. */
  all(): readonly PendingBatch[] {
    const all: PendingBatch[] = [];
    for (let each = this.#oldest; each !== undefined; each = each.after) all.push(each);
    return all;
  }

  begin(batch: ProducerBatch, writer: PartitionWriter): void {
    const before = this.#youngest;
    const pending: PendingBatch = { batch, writer, before, after: undefined };
    batch.place = pending;
    if (before === undefined) this.#oldest = pending;
    else before.after = pending;
    this.#youngest = pending;
  }

  written(writer: PartitionWriter, batch: ProducerBatch, baseOffset: number, appendTimeMs: number): void {
    if (!batch.isAbandoned) {
      this.effects.push({ kind: 'settle', batch, writer, error: undefined, baseOffset, appendTimeMs });
    }
    this.#ended(batch);
  }

  /** The batch ends with an error: at once where it is not under way, else for its callers only. */
  refuse(
    writer: PartitionWriter,
    batch: ProducerBatch,
    error: KafkaError,
    recordErrors?: ReadonlyMap<number, string>,
  ): void {
    if (batch.parts !== undefined) {
      for (const part of batch.parts) this.refuse(writer, part, error);
      return;
    }
    if (batch.isInFlight) {
      batch.isUncertain = true;
    } else {
      writer.dropped(batch);
    }
    if (!batch.isAbandoned) {
      batch.isAbandoned = true;
      const effect = { kind: 'settle', batch, writer, error, baseOffset: -1, appendTimeMs: -1 } as const;
      this.effects.push(recordErrors === undefined ? effect : { ...effect, recordErrors });
    }
    this.#ended(batch);
  }

  /** The parts stand for the batch: it ends with the last of them. */
  split(writer: PartitionWriter, batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    batch.parts = parts;
    const holder: Holder = { left: parts.length, ended: () => this.#ended(batch) };
    for (const part of parts) {
      part.holders = [holder];
      part.isUrgent = true;
      this.begin(part, writer);
    }
  }

  #ended(batch: ProducerBatch): void {
    const { place } = batch;
    if (place === undefined) return;
    batch.place = undefined;
    const { before, after } = place;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#youngest = before;
    else after.before = before;
    if (batch.parts === undefined) this.bufferedBytes -= batch.bufferBytes;
    if (batch.holders !== undefined) release(batch.holders);
  }
}

/** A link of the chain of what is not settled: a Map that goes from empty to one and back is made anew each time. */
export interface PendingBatch {
  readonly batch: ProducerBatch;
  readonly writer: PartitionWriter;
  before: PendingBatch | undefined;
  after: PendingBatch | undefined;
}

/** One more waits for what this stands for. */
export function hold(holding: { holders: Holder[] | undefined }, holder: Holder): void {
  (holding.holders ??= []).push(holder);
  holder.left += 1;
}

export function release(holders: readonly Holder[]): void {
  for (const holder of holders) if (--holder.left === 0) holder.ended();
}

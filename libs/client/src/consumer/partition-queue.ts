import type { BatchReader, FetchedBatch } from './fetched-batch.js';
import type { FetchedPartition } from './fetched-partition.js';
import type { FetchedRecord } from './fetched-record.js';

/**
 * What was fetched of a partition and not handed out yet. A consumer's position is where it hands out next; the fetcher's
 * is ahead of it.
 */
export class PartitionQueue {
  /** The offset that is handed out next. */
  position: number;
  /** Leader epoch of the record before it; -1: not known. */
  leaderEpoch: number;
  /** Up to here everything that was handed out is done. */
  done: number;
  doneEpoch: number;
  /** Up to here it is committed, as far as this consumer knows. */
  committed = -1;
  isPaused = false;
  /** Its owner is not told of it yet. */
  isHeld = false;
  /** Stands still until somebody seeks: it could not be read. */
  isFailed = false;
  readonly #fetched: FetchedPartition[] = [];
  #batches: readonly FetchedBatch[] = [];
  #next = 0;
  #reader: BatchReader | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    position: number,
    leaderEpoch: number,
    private readonly drained: (queue: PartitionQueue, bytes: number) => void,
  ) {
    this.position = position;
    this.done = position;
    this.leaderEpoch = leaderEpoch;
    this.doneEpoch = leaderEpoch;
  }

  /** Whether there may be something to hand out. */
  get isReady(): boolean {
    return this.#fetched.length > 0 && !this.isPaused && !this.isHeld && !this.isFailed;
  }

  push(fetched: FetchedPartition): void {
    this.#fetched.push(fetched);
    if (this.#fetched.length === 1) this.#open();
  }

  /** The next record; undefined when there is none now. Throws FetchError for one that cannot be read. */
  next(): FetchedRecord | undefined {
    while (this.#fetched.length > 0) {
      const batch = this.#batches[this.#next];
      if (batch === undefined) {
        this.#close();
        continue;
      }
      this.#reader ??= batch.reader();
      const record = this.#reader.next();
      if (record !== undefined) {
        this.position = record.offset + 1;
        this.leaderEpoch = batch.batch.leaderEpoch;
        return record;
      }
      this.#reader = undefined;
      this.#next += 1;
      if (batch.nextOffset > this.position) this.position = batch.nextOffset;
      this.drained(this, batch.sizeBytes);
      if (this.#next === this.#batches.length) this.#close();
    }
    return undefined;
  }

  /** What was handed out is done with. */
  settle(): void {
    this.done = this.position;
    this.doneEpoch = this.leaderEpoch;
  }

  /** Throws away what waits. The fetcher knows of it: its `seek` counts all as drained. */
  moveTo(position: number, leaderEpoch: number): void {
    this.#fetched.length = 0;
    this.#batches = [];
    this.#reader = undefined;
    this.#next = 0;
    this.isFailed = false;
    this.position = position;
    this.leaderEpoch = leaderEpoch;
    this.settle();
  }

  /** An answer without records for us moves the position all the same: control batches have offsets. */
  #open(): void {
    const [first] = this.#fetched;
    this.#batches = first?.batches ?? [];
    this.#next = 0;
    if (first !== undefined && first.batches.length === 0) this.#close();
  }

  #close(): void {
    const fetched = this.#fetched.shift();
    if (fetched !== undefined && fetched.nextOffset > this.position) {
      if (this.done === this.position) this.done = fetched.nextOffset;
      this.position = fetched.nextOffset;
    }
    this.#open();
  }
}

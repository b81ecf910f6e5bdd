import { type Delayed, Waiting, type WaitingConnection } from '../replica/delayed.js';
import type { MemoryBudget } from '../server/memory-budget.js';
import type { FetchPartition } from './fetch-partition.js';
import { type FindPartition, type Reader, Reading } from './reading.js';

/** What a fetch wants of all its partitions together. */
export interface FetchWishes {
  readonly maxWaitMs: number;
  /** Answer only when there is so much, or the time is over. */
  readonly minBytes: number;
  /** The whole answer's records, but for one batch that is larger. */
  readonly bytesMax: number;
  readonly reader: Reader;
}

/** What fetches share. */
export interface FetchServices {
  readonly find: FindPartition;
  readonly delayed: Delayed;
  /** Answers on their way: a fetch takes no more than is left of it, and one batch all the same. */
  readonly memory: MemoryBudget;
}

/**
 * One fetch, from its first read to its answer (KIP-74, Kafka's DelayedFetch).
 *
 * It reads every partition; with enough bytes, an error that the client has not heard of, or a divergence it is done.
 * Else it parks: its readings watch their partitions, count the bytes that come below the high watermark, and the one
 * that makes it enough reads again and answers, in the turn of the append.
 */
export class FetchRun extends Waiting {
  readonly #readings: readonly Reading[];
  #readableBytes = 0;
  #answer: ((readings: readonly Reading[] | Promise<readonly Reading[]>) => void) | undefined;

  constructor(
    partitions: readonly FetchPartition[],
    private readonly wishes: FetchWishes,
    private readonly services: FetchServices,
    private readonly connection: WaitingConnection,
  ) {
    super();
    this.#readings = partitions.map((of) => new Reading(of, wishes.reader, this.#moved));
  }

  /** The readings, in the order of the partitions: at once, or when there is something to say, or in `maxWaitMs`. */
  run(): readonly Reading[] | Promise<readonly Reading[]> {
    const waits = this.#readAll(false);
    return waits === undefined ? this.#decide() : waits.then(() => this.#decide());
  }

  expire(): void {
    this.#finish();
  }

  stop(): void {
    if (this.leave()) this.#finish();
  }

  abandon(): void {
    this.#unwatch();
    this.#answer?.(this.#readings);
  }

  #decide(): readonly Reading[] | Promise<readonly Reading[]> {
    if (this.wishes.maxWaitMs <= 0 || this.#readings.length === 0 || this.#hasNews()) return this.#readings;
    // While the disk was read, more may have come: nobody was watching yet.
    for (const reading of this.#readings) this.#count(reading);
    if (this.#readings.some(({ isStale }) => isStale) || this.#isEnough()) return this.#readAgain();
    return this.#park();
  }

  #hasNews(): boolean {
    let bytes = 0;
    for (const reading of this.#readings) {
      const { errorCode, of } = reading;
      if (errorCode !== 0 && !of.knowsError(errorCode)) return true;
      if (reading.diverges || reading.preferredReadReplica >= 0 || reading.isWord) return true;
      bytes += reading.sizeBytes;
    }
    return bytes >= this.#minBytes;
  }

  get #minBytes(): number {
    return Math.min(this.wishes.minBytes, this.wishes.bytesMax);
  }

  #isEnough(): boolean {
    return this.#readableBytes >= this.#minBytes;
  }

  #park(): readonly Reading[] | Promise<readonly Reading[]> {
    const { maxWaitMs } = this.wishes;
    if (!this.services.delayed.enter(this, maxWaitMs, this.connection)) return this.#readings;
    const isFollower = this.wishes.reader.replica !== undefined;
    for (const reading of this.#readings) reading.partition?.watch(reading, isFollower);
    return new Promise((resolve) => (this.#answer = resolve));
  }

  /** Answers when the turn's appends are through, so that one answer takes all that came in one turn. */
  readonly #moved = (reading: Reading): void => {
    if (!reading.isStale && !reading.isWord) {
      this.#count(reading);
      if (!this.#isEnough()) return;
    }
    if (this.leave()) queueMicrotask(() => this.#finish());
  };

  #count(reading: Reading): void {
    const { readableBytes } = reading;
    this.#readableBytes += readableBytes - reading.countedBytes;
    reading.countedBytes = readableBytes;
  }

  #finish(): void {
    this.#unwatch();
    this.#answer?.(this.#readAgain());
  }

  #unwatch(): void {
    for (const reading of this.#readings) reading.partition?.unwatch(reading);
  }

  #readAgain(): readonly Reading[] | Promise<readonly Reading[]> {
    const waits = this.#readAll(true);
    return waits === undefined ? this.#readings : waits.then(() => this.#readings);
  }

  /** Memory that the disk fills is reserved before: what is in the tail's cache is there anyhow. */
  #readAll(again: boolean): Promise<void> | undefined {
    const { memory } = this.services;
    const bytesMax = Math.max(0, Math.min(this.wishes.bytesMax, memory.leftBytes));
    const waits = this.#readFrom(0, bytesMax, true, again);
    if (waits === undefined) return undefined;
    memory.take(bytesMax);
    return waits.finally(() => memory.give(bytesMax));
  }

  /**
   * In order, because what one partition takes is missing for the next. Synchronous as long as memory has it. `again`:
   * of a fetch over many partitions few have changed while it was parked.
   */
  #readFrom(first: number, bytesMax: number, atLeastOne: boolean, again: boolean): Promise<void> | undefined {
    let left = bytesMax;
    let mayExceed = atLeastOne;
    for (let at = first; at < this.#readings.length; at++) {
      const reading = this.#readings[at]!;
      if (again && reading.isUnchanged) continue;
      const waits = reading.read(this.services.find, { bytesMax: left, atLeastOne: mayExceed });
      if (waits !== undefined) {
        const [leftThen, mayExceedThen] = [left, mayExceed];
        return waits.then(() => {
          const { sizeBytes } = reading;
          return this.#readFrom(at + 1, Math.max(0, leftThen - sizeBytes), mayExceedThen && sizeBytes === 0, again);
        });
      }
      if (reading.sizeBytes > 0) {
        left = Math.max(0, left - reading.sizeBytes);
        mayExceed = false;
      }
    }
    return undefined;
  }
}

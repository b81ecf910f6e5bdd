import { type Acknowledged, faultsOf } from '../e2e/crash/history.js';

/** Bounds that a log had. */
export interface Floor {
  readonly start: number;
  readonly watermark: number;
}

/** What the world was told of one partition. Whatever happens, the log has to agree with it. */
export class PartitionLedger {
  /** Told to a producer, or shown to a reader: this value stands at this offset. */
  readonly #known = new Map<number, string>();
  readonly #acknowledged = new Map<string, Acknowledged[]>();
  /** Records that each producer has sent, answered or not. */
  readonly #sent = new Map<string, number>();
  readonly faults: string[] = [];
  /** The log starts here at least; at most there, where nobody but requests moves the start. */
  startMin = 0;
  startMax = 0;
  /** The highest watermark that anybody was told. */
  watermark = 0;

  constructor(
    readonly name: string,
    readonly index: number,
    readonly hasRetention: boolean,
  ) {}

  sent(producer: string, sequenceEnd: number): void {
    this.#sent.set(producer, sequenceEnd);
  }

  acknowledged(producer: string, firstSequence: number, count: number, baseOffset: number): void {
    const told = this.#acknowledged.get(producer) ?? [];
    this.#acknowledged.set(producer, told);
    for (let at = 0; at < count; at++) {
      told.push({ sequence: firstSequence + at, offset: baseOffset + at });
      this.#knows(baseOffset + at, `${producer}:${firstSequence + at}`, 'acknowledged');
    }
    this.watermark = Math.max(this.watermark, baseOffset + count);
  }

  read(offset: number, value: string): void {
    this.#knows(offset, value, 'read');
  }

  /** What is known now: an answer to a request that is sent from here on must not say less. */
  floor(): Floor {
    return { start: this.startMin, watermark: this.watermark };
  }

  /** The bounds of the log as a client heard them. */
  bounds(start: number, watermark: number, floor: Floor): void {
    if (start < floor.start) this.#fault(`the log starts at ${start}, and it started at ${floor.start} before`);
    if (start > watermark) this.#fault(`the log starts at ${start}, behind the watermark ${watermark}`);
    if (!this.hasRetention && start > this.startMax) this.#fault(`the log starts at ${start}; nobody asked for that`);
    if (watermark < floor.watermark) this.#fault(`the watermark is ${watermark}; it was ${floor.watermark} before`);
    this.startMin = Math.max(this.startMin, start);
    this.watermark = Math.max(this.watermark, watermark);
  }

  /** Holds all that is in the log, by offset, against all that is known. */
  check(start: number, watermark: number, log: ReadonlyMap<number, string>): void {
    this.bounds(start, watermark, this.floor());
    for (let offset = start; offset < watermark; offset++) {
      if (!log.has(offset)) return this.#fault(`offset ${offset} is not there, between ${start} and ${watermark}`);
    }
    for (const [offset, value] of this.#known) {
      if (offset < start) continue;
      const found = log.get(offset);
      if (found !== value) this.#fault(`${value} was known to stand at ${offset}, where ${found ?? 'nothing'} stands`);
    }
    this.#checkProducers(start, log);
  }

  #checkProducers(start: number, log: ReadonlyMap<number, string>): void {
    const found = new Map<string, Map<number, number>>();
    for (const [offset, value] of log) {
      const [producer = '', sequence] = value.split(':');
      if (Number(sequence) >= (this.#sent.get(producer) ?? 0)) this.#fault(`${value} at ${offset} was never sent`);
      const mine = found.get(producer) ?? new Map<number, number>();
      found.set(producer, mine.set(offset, Number(sequence)));
    }
    for (const producer of this.#sent.keys()) {
      const mine = found.get(producer) ?? new Map<number, number>();
      const told = (this.#acknowledged.get(producer) ?? []).filter(({ offset }) => offset >= start);
      // What lies before the start is gone by request; the rest is counted from the first that is left.
      const first = start === 0 ? 0 : Math.min(...mine.values(), ...told.map(({ sequence }) => sequence));
      const shifted = new Map([...mine].map(([offset, sequence]) => [offset, sequence - first]));
      const faults = faultsOf(
        told.map(({ sequence, offset }) => ({ sequence: sequence - first, offset })),
        shifted,
      );
      for (const fault of faults) this.#fault(`${producer} (from ${first}): ${fault}`);
    }
  }

  #knows(offset: number, value: string, how: string): void {
    const before = this.#known.get(offset);
    if (before !== undefined && before !== value)
      this.#fault(`${offset} held ${before}, and ${value} was ${how} there`);
    this.#known.set(offset, value);
  }

  #fault(text: string): void {
    this.faults.push(`${this.name}-${this.index}: ${text}`);
  }
}

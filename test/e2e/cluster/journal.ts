/** A record as a client was told of it. `lane`: what stands still together, as a partition. */
export interface Told {
  readonly value: string;
  readonly lane: number;
  /** Undefined: the client does not tell. */
  readonly offset?: number | undefined;
}

/** What one client wrote and read, and when. */
export class Journal {
  /** What the client said of failures, in words. */
  readonly troubles: string[] = [];
  readonly failed = new Set<string>();
  readonly #acknowledged = new Map<string, Told>();
  readonly #readings = new Map<string, Told[]>();
  readonly #writes: Times[];
  readonly #reads: Times[];

  constructor(
    readonly name: string,
    readonly lanes: number,
  ) {
    this.#writes = Array.from({ length: lanes }, () => new Times());
    this.#reads = Array.from({ length: lanes }, () => new Times());
  }

  acknowledge(told: Told): void {
    this.#acknowledged.set(told.value, told);
    this.#writes[told.lane]!.add();
  }

  fail(value: string, why: string): void {
    this.failed.add(value);
    this.troubles.push(why);
  }

  read(told: Told): void {
    const readings = this.#readings.get(told.value);
    if (readings === undefined) this.#readings.set(told.value, [told]);
    else readings.push(told);
    this.#reads[told.lane]!.add();
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Acknowledged and never read. */
  get lost(): readonly string[] {
    return [...this.#acknowledged.keys()].filter((value) => !this.#readings.has(value));
  }

  /** Delivered again: more readings than places at which the value stands. */
  get readAgain(): number {
    return [...this.#readings.values()].reduce((sum, readings) => sum + readings.length - placesOf(readings).size, 0);
  }

  /** Values that stand at two places of the log. */
  get writtenTwice(): readonly string[] {
    return [...this.#readings].flatMap(([value, readings]) => (placesOf(readings).size > 1 ? [value] : []));
  }

  /** Values that were not read where their acknowledgement said. */
  get misplaced(): readonly string[] {
    return [...this.#acknowledged.values()]
      .filter(({ value, offset, lane }) => {
        const readings = this.#readings.get(value) ?? [];
        return offset !== undefined && readings.length > 0 && !placesOf(readings).has(`${lane}/${offset}`);
      })
      .map(({ value }) => value);
  }

  /** Whether every lane had `count` writes and reads since a moment of `performance.now()`. */
  goesOn(sinceMs: number, count: number): boolean {
    return [...this.#writes, ...this.#reads].every((times) => times.since(sinceMs) >= count);
  }

  /** The longest pause of any lane since a moment, ms: of writes, of reads. */
  pauses(sinceMs: number): { readonly writeMs: number; readonly readMs: number } {
    const longest = (all: readonly Times[]): number => Math.round(Math.max(...all.map((one) => one.pauseMs(sinceMs))));
    return { writeMs: longest(this.#writes), readMs: longest(this.#reads) };
  }

  /** What each lane had since a moment, for the text of a failed test. */
  progress(sinceMs: number): string {
    const counts = (all: readonly Times[]): string => all.map((one) => one.since(sinceMs)).join('/');
    return `${this.name}: writes ${counts(this.#writes)}, reads ${counts(this.#reads)}; ${this.troubles.slice(-3).join(' | ')}`;
  }
}

const placesOf = (readings: readonly Told[]): Set<string> =>
  new Set(readings.map(({ lane, offset }) => `${lane}/${offset}`));

/** Moments, ascending, of `performance.now()`. */
class Times {
  readonly #moments: number[] = [];

  add(): void {
    this.#moments.push(performance.now());
  }

  since(momentMs: number): number {
    return this.#moments.length - this.#first(momentMs);
  }

  /** The longest time without one, of those that end after a moment. */
  pauseMs(sinceMs: number): number {
    const first = this.#first(sinceMs);
    let last = this.#moments[first - 1] ?? sinceMs;
    let longest = 0;
    for (const moment of [...this.#moments.slice(first), performance.now()]) {
      longest = Math.max(longest, moment - last);
      last = moment;
    }
    return longest;
  }

  #first(momentMs: number): number {
    const found = this.#moments.findIndex((moment) => moment > momentMs);
    return found < 0 ? this.#moments.length : found;
  }
}

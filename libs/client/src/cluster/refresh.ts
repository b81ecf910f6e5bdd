/** What to ask Metadata for. No topics: brokers only. */
export interface MetadataAsk {
  readonly topics: readonly string[];
}

export interface RefreshTimes {
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
}

/** Stands for what each answer tells, whatever was asked for: the brokers. No topic has this name. */
const BROKERS = '';

/** What became of a topic the last time: when its answer came, and how long nobody asks again. */
interface Asked {
  readonly endedMs: number;
  readonly pauseMs: number;
}

/**
 * When metadata is asked for, as a machine: many doubters share one request, one request is on its way at a time, and
 * between two for the same topic there is a pause, which doubles while it goes on being doubted. Each topic has a pause of
 * its own: one that nobody finds holds up no other. After a request that failed all wait. Time is a number that it is given.
 */
export class RefreshMachine {
  readonly #watched = new Map<string, number>();
  #wanted = new Set<string>();
  /** What was asked for within about two pauses; what is older begins anew. */
  readonly #asked = new Map<string, Asked>();
  /** What is on its way, with the pause that each has after it. */
  #asking: ReadonlyMap<string, number> | undefined;
  #freshMs = -Infinity;
  /** A request has failed: nobody asks before this moment. */
  #blockedUntilMs = -Infinity;
  #hasFailed = false;
  /** Counts the requests that were begun: whoever comes while one is on its way waits for the next. */
  round = 0;

  constructor(private readonly times: RefreshTimes) {}

  isWatched(topic: string): boolean {
    return this.#watched.has(topic);
  }

  watch(topic: string): void {
    this.#watched.set(topic, (this.#watched.get(topic) ?? 0) + 1);
  }

  release(topic: string): void {
    const count = (this.#watched.get(topic) ?? 0) - 1;
    if (count > 0) this.#watched.set(topic, count);
    else this.#watched.delete(topic);
  }

  /** Somebody wants these topics looked up (none: the brokers) as soon as their pauses allow. */
  want(topics: readonly string[]): void {
    if (topics.length === 0) this.#wanted.add(BROKERS);
    for (const topic of topics) this.#wanted.add(topic);
  }

  /** When {@link next} gives something: now or earlier, later, or never (Infinity). */
  dueAtMs(): number {
    if (this.#asking !== undefined) return Infinity;
    if (this.#wanted.size === 0) {
      if (this.#watched.size === 0 || this.#freshMs === -Infinity) return Infinity;
      return Math.max(this.#freshMs + this.times.metadataMaxAgeMs, this.#blockedUntilMs);
    }
    let dueMs = Infinity;
    for (const name of this.#wanted) {
      const asked = this.#asked.get(name);
      dueMs = Math.min(dueMs, asked === undefined ? -Infinity : asked.endedMs + asked.pauseMs);
    }
    return Math.max(dueMs, this.#blockedUntilMs);
  }

  /** What to ask for now, if anything; `answered` or `failed` must follow. */
  next(nowMs: number): MetadataAsk | undefined {
    if (nowMs < this.dueAtMs()) return undefined;
    const pauses = new Map([[BROKERS, this.#pauseAfter(BROKERS, nowMs)]]);
    for (const name of [...this.#wanted, ...this.#watched.keys()]) pauses.set(name, this.#pauseAfter(name, nowMs));
    this.#wanted = new Set();
    this.#asking = pauses;
    this.round += 1;
    return { topics: [...pauses.keys()].filter((name) => name !== BROKERS) };
  }

  answered(nowMs: number): void {
    for (const [name, { endedMs, pauseMs }] of this.#asked)
      if (nowMs - endedMs >= 2 * pauseMs) this.#asked.delete(name);
    for (const [name, pauseMs] of this.#asking ?? []) this.#asked.set(name, { endedMs: nowMs, pauseMs });
    this.#asking = undefined;
    this.#freshMs = nowMs;
    this.#blockedUntilMs = -Infinity;
    this.#hasFailed = false;
  }

  /** No answer. What was asked for is wanted still, after a pause of so many milliseconds. */
  failed(nowMs: number, topics: readonly string[], pauseMs: number): void {
    this.#asking = undefined;
    this.#blockedUntilMs = nowMs + pauseMs;
    this.#hasFailed = true;
    this.want(topics);
  }

  /** Who asks again as soon as the pause is over goes on doubting; a quiet while begins anew, and so does a failure. */
  #pauseAfter(name: string, nowMs: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.times;
    const asked = this.#asked.get(name);
    if (asked === undefined || this.#hasFailed || nowMs - asked.endedMs >= 2 * asked.pauseMs) return retryBackoffMs;
    return this.#wanted.has(name) ? Math.min(retryBackoffMaxMs, 2 * asked.pauseMs) : asked.pauseMs;
  }
}

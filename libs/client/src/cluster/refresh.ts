/** What to ask Metadata for. No topics: brokers only. */
export interface MetadataAsk {
  readonly topics: readonly string[];
}

export interface RefreshTimes {
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
}

/**
 * When metadata is asked for, as a machine: many doubters share one request, one request is on its way at a time, and
 * between two there is a pause, which doubles while doubts go on or requests fail. A topic that the last request did not
 * ask for is looked up without that pause. Time is a number that it is given.
 */
export class RefreshMachine {
  readonly #watched = new Map<string, number>();
  #wanted = new Set<string>();
  #isWanted = false;
  #isUrgent = false;
  #isAsking = false;
  #lastAsked: ReadonlySet<string> = new Set();
  #endedMs = -Infinity;
  #freshMs = -Infinity;
  #pauseMs = 0;
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

  /** Somebody wants these topics looked up (none: the brokers) as soon as the pause allows. */
  want(topics: Iterable<string>): void {
    this.#isWanted = true;
    for (const topic of topics) {
      this.#wanted.add(topic);
      if (!this.#lastAsked.has(topic)) this.#isUrgent = true;
    }
  }

  /** When {@link next} gives something: now or earlier, later, or never (Infinity). */
  dueAtMs(): number {
    if (this.#isAsking) return Infinity;
    if (this.#isWanted) return this.#isUrgent && !this.#hasFailed ? -Infinity : this.#endedMs + this.#pauseMs;
    if (this.#watched.size === 0 || this.#freshMs === -Infinity) return Infinity;
    return Math.max(this.#freshMs + this.times.metadataMaxAgeMs, this.#endedMs + this.#pauseMs);
  }

  /** What to ask for now, if anything; `answered` or `failed` must follow. */
  next(nowMs: number): MetadataAsk | undefined {
    if (nowMs < this.dueAtMs()) return undefined;
    const topics = new Set([...this.#wanted, ...this.#watched.keys()]);
    // Who asks again as soon as the pause is over goes on doubting; a quiet while begins anew.
    if (!this.#hasFailed && !this.#isUrgent) {
      const { retryBackoffMs, retryBackoffMaxMs } = this.times;
      const goesOn = nowMs - this.#endedMs < 2 * this.#pauseMs;
      this.#pauseMs = goesOn ? Math.min(retryBackoffMaxMs, 2 * this.#pauseMs) : retryBackoffMs;
    }
    this.#wanted = new Set();
    this.#isWanted = false;
    this.#isUrgent = false;
    this.#isAsking = true;
    this.#lastAsked = topics;
    this.round += 1;
    return { topics: [...topics] };
  }

  answered(nowMs: number): void {
    this.#isAsking = false;
    this.#endedMs = nowMs;
    this.#freshMs = nowMs;
    if (this.#hasFailed || this.#pauseMs === 0) this.#pauseMs = this.times.retryBackoffMs;
    this.#hasFailed = false;
  }

  /** No answer. What was asked for is wanted still, after a pause of so many milliseconds. */
  failed(nowMs: number, topics: readonly string[], pauseMs: number): void {
    this.#isAsking = false;
    this.#endedMs = nowMs;
    this.#pauseMs = pauseMs;
    this.#hasFailed = true;
    this.want(topics);
  }
}

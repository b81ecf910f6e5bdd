/** Seconds of saved-up rate that a burst may spend at once (KIP-599: eleven windows of a second). */
const BURST_SECONDS = 11;

/** Lets so many through a second, and bursts of up to eleven seconds' worth. Time comes with each call. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number | undefined;

  constructor(private readonly perSecond: number) {
    this.#tokens = perSecond * BURST_SECONDS;
  }

  /** Takes a token, or says that none is there. `nowMs` must not go back. */
  take(nowMs: number): boolean {
    const passedMs = nowMs - (this.#filledAtMs ?? nowMs);
    this.#filledAtMs = nowMs;
    const filled = this.#tokens + (passedMs / 1000) * this.perSecond;
    this.#tokens = Math.min(filled, this.perSecond * BURST_SECONDS);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

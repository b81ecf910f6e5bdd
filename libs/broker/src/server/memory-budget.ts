/**
 * Bytes that all connections together may hold: of requests, received in part, waiting, or in work (KIP-72), or of
 * answers that clients have not taken.
 *
 * As Kafka's pool it gives as long as anything is left, so a single request may go beyond the limit, and none is
 * refused for being large.
 */
export class MemoryBudget {
  readonly bytesMax: number;
  #takenBytes = 0;
  readonly #waiting = new Set<() => void>();
  #waking = false;

  /** `bytesMax`: Infinity for no limit. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get isSpent(): boolean {
    return this.#takenBytes >= this.bytesMax;
  }

  /** 0 when it is spent, or more than that. */
  get leftBytes(): number {
    return Math.max(0, this.bytesMax - this.#takenBytes);
  }

  take(bytes: number): void {
    this.#takenBytes += bytes;
  }

  /** Gives bytes back, and wakes who waits, the longest wait first, until the budget is spent again. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
    if (this.#waking) return;
    this.#waking = true;
    try {
      // One round over those who wait now: who is still not served waits again, behind the others.
      for (const run of Array.from(this.#waiting)) {
        if (this.isSpent) return;
        if (this.#waiting.delete(run)) run();
      }
    } finally {
      this.#waking = false;
    }
  }

  /** Calls `run` once when something is left again. The same function waits once. */
  whenFree(run: () => void): void {
    this.#waiting.add(run);
  }

  forget(run: () => void): void {
    this.#waiting.delete(run);
  }
}

/** A bounded number of places; who finds none waits in line. Who waits is bounded by the concurrency of the lanes. */
export class Slots {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly max: number) {}

  get taken(): number {
    return this.#taken;
  }

  /** Resolves with how to give the place back, or with undefined when `signal` is aborted first. */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    while (this.#taken >= this.max) {
      if (signal.aborted) return undefined;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.push(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    if (signal.aborted) {
      this.#waiting.shift()?.(); // The place that woke this one is for the next.
      return undefined;
    }
    this.#taken += 1;
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      this.#taken -= 1;
      this.#waiting.shift()?.();
    };
  }
}

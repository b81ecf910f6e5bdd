import type { Clock } from '@trunkline/kernel';

const FIRST_MS = 20;
const MAX_MS = 1_000;

/** Pauses that double from 20 ms up to one second, and can be cut short. */
export class Backoff {
  #failures = 0;
  #wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** It worked: the next pause is short again. */
  reset(): void {
    this.#failures = 0;
  }

  async pause(): Promise<void> {
    const delayMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    await this.sleep(delayMs);
  }

  /** Waits `delayMs`, or until {@link wake}. */
  async sleep(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  wake(): void {
    this.#wake?.();
  }
}

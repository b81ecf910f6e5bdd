import type { Clock, LogFields, Logger } from '@trunkline/kernel';

const WINDOW_MS = 1_000;

/** Warnings that strangers can cause: some a second, then only how many were left out. */
export class RateLimitedLog {
  #windowEndMs = 0;
  #written = 0;
  #leftOut = 0;

  constructor(
    readonly logger: Logger,
    readonly clock: Clock,
    readonly linesPerSecondMax = 20,
  ) {}

  warn(message: string, fields?: LogFields): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= this.#windowEndMs) {
      if (this.#leftOut > 0) this.logger.warn(`${this.#leftOut} more lines about connections were left out`);
      this.#windowEndMs = nowMs + WINDOW_MS;
      this.#written = 0;
      this.#leftOut = 0;
    }
    if (this.#written === this.linesPerSecondMax) {
      this.#leftOut += 1;
      return;
    }
    this.#written += 1;
    this.logger.warn(message, fields);
  }
}

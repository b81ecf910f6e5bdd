import type { Clock } from '@trunkline/kernel';
import { KafkaError } from '../error.js';

/** Waits of a client that end with it. */
export class Pauses {
  readonly #open = new Set<(reason: KafkaError) => void>();
  #closed: KafkaError | undefined;

  constructor(private readonly clock: Clock) {}

  /** Resolves after so long. Rejects with CLOSED when the client is closed, with ABORTED when the caller gives it up. */
  pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      if (signal?.aborted === true) return reject(abortedBy(signal));
      const settle = (reason?: KafkaError): void => {
        timer.cancel();
        this.#open.delete(settle);
        signal?.removeEventListener('abort', aborted);
        if (reason === undefined) resolve();
        else reject(reason);
      };
      const aborted = (): void => settle(abortedBy(signal));
      const timer = this.clock.after(delayMs, () => settle());
      this.#open.add(settle);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  close(reason: KafkaError): void {
    this.#closed = reason;
    for (const settle of this.#open) settle(reason);
  }
}

/** The error for a caller that gave up. */
export function abortedBy(signal: AbortSignal | undefined): KafkaError {
  return new KafkaError('ABORTED', 'the caller gave it up', { cause: signal?.reason });
}

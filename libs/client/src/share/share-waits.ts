import type { Timer } from '@trunkline/kernel';
import type { Cluster } from '../cluster/cluster.js';

interface Wait {
  readonly isOver: () => boolean;
  readonly end: () => void;
}

/** Promises that wait for something to become true, each with its deadline. */
export class ShareWaits {
  readonly #waits = new Set<Wait>();
  hasEnded = false;

  constructor(readonly cluster: Pick<Cluster, 'after' | 'ports'>) {}

  /** Resolves when `isOver` is true at a `check`, when the time is over, on abort, or at the end. */
  until(isOver: () => boolean, untilMs: number, signal?: AbortSignal): Promise<void> {
    const leftMs = untilMs - this.cluster.ports.clock.monotonicMs();
    if (leftMs <= 0 || signal?.aborted === true || this.hasEnded || isOver()) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | undefined = undefined;
      const end = (): void => {
        this.#waits.delete(wait);
        timer?.cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const wait: Wait = { isOver, end };
      this.#waits.add(wait);
      timer = this.cluster.after(leftMs, end);
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  /** Ends the waits that are over. */
  check(): void {
    for (const { isOver, end } of this.#waits) if (isOver()) end();
  }

  end(): void {
    this.hasEnded = true;
    for (const { end } of this.#waits) end();
  }
}

import type { Cluster } from '../cluster/cluster.js';

/** Resolves after so long, or when the signal is aborted; never rejects, and leaves no timer and no listener. */
export function pause(cluster: Cluster, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = cluster.after(delayMs, end);
    signal?.addEventListener('abort', end);
  });
}

import { backoffMs } from '../backoff.js';
import type { ClientPorts } from '../ports.js';
import type { FetcherSettings } from './fetcher-options.js';
import type { TakeRules } from './take-batches.js';

/** What the fetch machine needs of the world: pure functions, and dice for its pauses. */
export interface FetchTools {
  readonly taking: Omit<TakeRules, 'aborted'>;
  /** How long to wait after so many failures in a row, ms. */
  pauseMs(failures: number): number;
}

export function fetchTools(
  ports: Pick<ClientPorts, 'crc32c' | 'compression' | 'random'>,
  settings: FetcherSettings,
): FetchTools {
  const { checkCrcs, decompressedBytesMax, retryBackoffMs, retryBackoffMaxMs } = settings;
  return {
    taking: { crc32c: checkCrcs ? ports.crc32c : undefined, codecs: ports.compression, decompressedBytesMax },
    pauseMs: (failures) => backoffMs(failures, retryBackoffMs, retryBackoffMaxMs, ports.random),
  };
}

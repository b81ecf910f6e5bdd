import type { Random } from '@trunkline/kernel';
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
  const { checkCrcs, decompressedBytesMax } = settings;
  return {
    taking: { crc32c: checkCrcs ? ports.crc32c : undefined, codecs: ports.compression, decompressedBytesMax },
    pauseMs: (failures) => pauseMs(failures, settings, ports.random),
  };
}

/** Doubles up to its most, a fifth more or less: many clients do not come back in one moment. */
function pauseMs(failures: number, { retryBackoffMs, retryBackoffMaxMs }: FetcherSettings, random: Random): number {
  const plain = Math.min(retryBackoffMaxMs, retryBackoffMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(plain * (0.8 + random.below(401) / 1000));
}

import type { FetcherSettings } from './fetcher-options.js';

/** What partitions may hold now; see `prefetchBytesMax`. */
export interface Room {
  /** A partition with so many bytes is full. */
  readonly partitionLimitBytes: number;
  /** Of one partition, in one answer. */
  readonly partitionBytesMax: number;
  /** Of one answer. */
  readonly bytesMax: number;
}

/** Up to half of the limit each partition has all it may have; from there on an equal share of the other half. */
export function roomFor(settings: FetcherSettings, bufferedBytes: number, partitions: number): Room {
  const { prefetchBytesMax, partitionPrefetchBytesMax, partitionMaxBytes, maxBytes } = settings;
  const half = prefetchBytesMax / 2;
  const share = bufferedBytes < half ? Infinity : Math.max(1, Math.floor(half / Math.max(1, partitions)));
  const partitionBytesMax = Math.min(partitionMaxBytes, share);
  return {
    partitionLimitBytes: Math.min(partitionPrefetchBytesMax, share),
    partitionBytesMax,
    bytesMax: Math.min(maxBytes, Math.max(partitionBytesMax, prefetchBytesMax - bufferedBytes)),
  };
}

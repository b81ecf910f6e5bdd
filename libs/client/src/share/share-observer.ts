import type { ClientObserver } from '../observer.js';
import type { ShareHoldings } from './share-holdings.js';
import type { AcknowledgeResult } from './share-record.js';
import type { ShareFetchResponse } from './share-sessions.js';

/** Tells who watches what a fetch acquired. Impossible ranges are the sessions' to refuse: they count as nothing here. */
export function tellAcquired(
  observer: ClientObserver,
  group: string,
  { responses }: ShareFetchResponse,
  holdings: ShareHoldings,
): void {
  if (observer.recordsAcquired === undefined) return;
  for (const { topicId, partitions } of responses) {
    for (const { partitionIndex, acquiredRecords } of partitions) {
      const partition = holdings.known(topicId, partitionIndex);
      if (partition === undefined) continue;
      let records = 0;
      for (const { firstOffset, lastOffset } of acquiredRecords) {
        if (lastOffset >= firstOffset) records += Number(lastOffset - firstOffset) + 1;
      }
      if (records > 0) observer.recordsAcquired(group, partition.topic, partitionIndex, records);
    }
  }
}

/** Tells who watches what became of acknowledgements. */
export function tellAcknowledged(observer: ClientObserver, group: string, results: readonly AcknowledgeResult[]): void {
  if (observer.recordsAcknowledged === undefined) return;
  for (const { topic, partition, ranges, error } of results) {
    const records = ranges.reduce((sum, { firstOffset, lastOffset }) => sum + lastOffset - firstOffset + 1, 0);
    observer.recordsAcknowledged(group, topic, partition, records, error);
  }
}

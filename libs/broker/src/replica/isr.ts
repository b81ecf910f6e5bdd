import type { Offset } from '@trunkline/kernel';

/** How far a replica has everything, as its flush mode counts it. */
export interface ReplicaState {
  readonly endOffset: Offset;
}

/**
 * The offset below which every in-sync replica has everything. It never moves back.
 *
 * `inSync` are the followers of the maximal ISR (committed, or about to be: KIP-497); `leaderEnd` is the leader's own
 * durable end. Followers count only with offsets that they fetched in the current epoch (KIP-320).
 */
export function highWatermark(before: Offset, leaderEnd: Offset, inSync: readonly ReplicaState[]): Offset {
  let slowest = leaderEnd;
  for (const { endOffset } of inSync) if (endOffset < slowest) slowest = endOffset;
  return slowest > before ? slowest : before;
}

/** The offset below which no transaction is open: what `read_committed` may see. `firstUnstable`: of the oldest open one. */
export function lastStableOffset(watermark: Offset, firstUnstable: Offset | undefined): Offset {
  return firstUnstable !== undefined && firstUnstable < watermark ? firstUnstable : watermark;
}

/** `min.insync.replicas` asks for no more replicas than there are (seen on Apache Kafka 4.3.1). */
export function effectiveMinIsr(minInsyncReplicas: number, replicaCount: number): number {
  return Math.min(minInsyncReplicas, replicaCount);
}

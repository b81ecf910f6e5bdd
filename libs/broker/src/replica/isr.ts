import type { NodeId, Offset } from '@trunkline/kernel';

/** How far a replica has everything, as its flush mode counts it. */
export interface ReplicaState {
  readonly endOffset: Offset;
}

/** What a leader knows of a follower before the follower has fetched in this reign: nothing. */
export const UNKNOWN_OFFSET = -1 as Offset;
/** The epoch of a broker that did not say it, or that nobody has heard of. */
export const UNKNOWN_BROKER_EPOCH = -1n;

/**
 * The offset below which every in-sync replica has everything. It never moves back.
 *
 * `inSync` are the followers of the maximal ISR (committed, or about to be: KIP-497); `leaderEnd` is the leader's own
 * durable end. Followers count only with offsets that they fetched in the current epoch (KIP-320).
 */
export function highWatermark(before: Offset, leaderEnd: Offset, inSync: Iterable<ReplicaState>): Offset {
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

/** A follower's fetch, as its leader takes note of it. */
export interface FollowerFetch {
  readonly replica: NodeId;
  /** -1: it did not say. */
  readonly brokerEpoch: bigint;
  /** It has everything below, as its flush mode wants it. */
  readonly endOffset: Offset;
  readonly startOffset: Offset;
}

/** What a leader knows of one follower in its present reign. */
export class FollowerState implements ReplicaState {
  endOffset: Offset = UNKNOWN_OFFSET;
  startOffset: Offset = UNKNOWN_OFFSET;
  brokerEpoch = UNKNOWN_BROKER_EPOCH;
  /** When it last had everything that its leader had at its fetch before. */
  #caughtUpMs: number;
  #fetchMs = 0;
  #leaderEndAtFetch: Offset = UNKNOWN_OFFSET;

  /** In sync when the reign began: it has as long as any other to prove it. Else it is behind until it has fetched. */
  constructor(wasInSync: boolean, nowMs: number) {
    this.#caughtUpMs = wasInSync ? nowMs : Number.NEGATIVE_INFINITY;
  }

  get hasFetched(): boolean {
    return this.endOffset !== UNKNOWN_OFFSET;
  }

  /** Whether a fetch came from an uptime of the broker that has ended since: a late one must not count (KIP-903). */
  isStale(brokerEpoch: bigint): boolean {
    return brokerEpoch !== UNKNOWN_BROKER_EPOCH && brokerEpoch < this.brokerEpoch;
  }

  /** A follower that asks for what the leader had at the fetch before was caught up at that moment. */
  fetched({ endOffset, startOffset, brokerEpoch }: FollowerFetch, leaderEnd: Offset, nowMs: number): void {
    if (endOffset >= leaderEnd) this.#caughtUpMs = Math.max(this.#caughtUpMs, nowMs);
    else if (this.hasFetched && endOffset >= this.#leaderEndAtFetch) {
      this.#caughtUpMs = Math.max(this.#caughtUpMs, this.#fetchMs);
    }
    this.#fetchMs = nowMs;
    this.#leaderEndAtFetch = leaderEnd;
    this.endOffset = endOffset;
    this.startOffset = startOffset;
    this.brokerEpoch = brokerEpoch;
  }

  isCaughtUp(leaderEnd: Offset, nowMs: number, lagMaxMs: number): boolean {
    return this.endOffset >= leaderEnd || nowMs - this.#caughtUpMs <= lagMaxMs;
  }

  /** For choosing among followers: the larger, the fresher. */
  get caughtUpMs(): number {
    return this.#caughtUpMs;
  }
}

import type { TopicPartition } from '../topic-partition.js';

/** What a group has done with a partition up to now. */
export interface GroupOffset extends TopicPartition {
  /** The offset of the next record to be read: one more than the last that is done. */
  readonly offset: number;
  /** The leader epoch of the last record that is done, for finding truncations (KIP-320); left out or -1: not known. */
  readonly leaderEpoch?: number | undefined;
  /** Anything, up to the broker's `offset.metadata.max.bytes` (4,096). */
  readonly metadata?: string | undefined;
}

/** A committed offset as the coordinator told it. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** What commits must know of the membership in whose name they are made. */
export interface CommitStanding {
  readonly memberId: string;
  /** Generation or member epoch; -1: no member now. */
  readonly generation: number;
  readonly instanceId: string | null;
  readonly isStable: boolean;
  holds(partition: TopicPartition): boolean;
}

import type { Epoch, NodeId, Offset } from '@trunkline/kernel';
import type { RoleKind } from './effects.js';
import type { SnapshotId } from './log-batch.js';
import type { ReplicaKey, Voter } from './voters.js';

/** How far a replica is, as its leader sees it. Times of the clock that `step` is given; undefined: never. */
export interface ReplicaProgress extends ReplicaKey {
  readonly logEndOffset: Offset | undefined;
  readonly lastFetchAtMs: number | undefined;
  readonly lastCaughtUpAtMs: number | undefined;
}

/** A replica, for people, metrics and DescribeQuorum. Nothing uncommitted is in it but the voters (C28). */
export interface RaftStatus {
  readonly self: ReplicaKey;
  readonly role: RoleKind;
  readonly isVoter: boolean;
  /** See `Role.isReady`. */
  readonly isReady: boolean;
  readonly epoch: Epoch;
  readonly leaderId: NodeId | undefined;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  /** On this replica's own disk. */
  readonly stableEndOffset: Offset;
  readonly snapshots: readonly SnapshotId[];
  readonly voters: readonly Voter[];
  readonly needsRepair: boolean;
  /** Bytes of proposals that are not committed yet; 0 when not leading. */
  readonly uncommittedBytes: number;
  /** What a leader knows of the voters, itself included, and of observers; empty when not leading. */
  readonly voterProgress: readonly ReplicaProgress[];
  readonly observerProgress: readonly ReplicaProgress[];
}

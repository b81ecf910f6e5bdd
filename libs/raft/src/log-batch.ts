import type { Epoch, NodeId, Offset } from '@trunkline/kernel';
import type { ReplicaKey, Voter } from './voters.js';

/** The first record of a reign: once it is committed, everything before it is too (C3, C4). */
export interface LeaderChange {
  readonly kind: 'leader-change';
  readonly leaderId: NodeId;
  readonly voters: readonly ReplicaKey[];
  readonly grantingVoters: readonly ReplicaKey[];
}

/** From here on, committed or not, these are the voters (C12). */
export interface VotersChange {
  readonly kind: 'voters';
  readonly voters: readonly Voter[];
}

/** The quorum's own records: Kafka's LeaderChangeMessage and VotersRecord. */
export type ControlRecord = LeaderChange | VotersChange;

/** A batch of the log. It is written, sent and committed as a whole. */
export interface LogBatch {
  /** Of its first record. */
  readonly baseOffset: Offset;
  /** Of the leader that appended it. */
  readonly epoch: Epoch;
  /** Records, at least 1. */
  readonly count: number;
  /**
   * Opaque here. A batch of data that comes from its proposer carries no true base offset and epoch in its bytes yet,
   * and a control batch that comes from the leader's own core has no bytes at all: whoever stores it sets the ones and
   * makes the others. What came from the leader by Fetch is stored as it is.
   */
  readonly bytes: Uint8Array;
  /** What a control batch says. */
  readonly control?: ControlRecord;
}

/** A snapshot: the state that all records below `endOffset` make, the last of which has `epoch`. */
export interface SnapshotId {
  readonly endOffset: Offset;
  readonly epoch: Epoch;
}

/** An epoch, and the offset of its first record. */
export interface EpochStart {
  readonly epoch: Epoch;
  readonly startOffset: Offset;
}

/** The voters as of a record. `offset` -1: by configuration, before the log. */
export interface VotersAt {
  readonly offset: Offset;
  readonly voters: readonly Voter[];
}

/** What a log on disk is like, without its records. */
export interface LogShape {
  /** Of the first record that is there: 0, or the end of `snapshots[0]`. */
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  /** Of the records that are there, ascending in both. */
  readonly epochs: readonly EpochStart[];
  /** Ascending. When the log does not begin at 0, the first stands at its start (C20). */
  readonly snapshots: readonly SnapshotId[];
  /** Ascending: of the snapshot at the start (with the offset before its end), then of each VotersRecord in the log. */
  readonly voters: readonly VotersAt[];
}

/** The offset behind a batch. */
export function endOf({ baseOffset, count }: LogBatch): Offset {
  return (baseOffset + count) as Offset;
}

import type { Epoch, NodeId, Offset, Uuid } from '@trunkline/kernel';
import type { LogBatch, SnapshotId } from './log-batch.js';
import type { Endpoint, Peer } from './voters.js';

/**
 * The quorum's requests and answers: Kafka's, of one topic and one partition, with Kafka's names. Whoever puts them on
 * the wire adds `__cluster_metadata`, partition 0, and the arrays around them.
 */

/** By the names of Kafka's error codes. */
export type RaftErrorCode =
  | 'NONE'
  | 'REQUEST_TIMED_OUT'
  | 'NOT_LEADER_OR_FOLLOWER'
  | 'INVALID_REQUEST'
  | 'FENCED_LEADER_EPOCH'
  | 'UNKNOWN_LEADER_EPOCH'
  | 'THROTTLING_QUOTA_EXCEEDED'
  | 'SNAPSHOT_NOT_FOUND'
  | 'POSITION_OUT_OF_RANGE'
  | 'INCONSISTENT_CLUSTER_ID'
  | 'INVALID_VOTER_KEY'
  | 'DUPLICATE_VOTER'
  | 'VOTER_NOT_FOUND'
  | 'BROKER_NOT_AVAILABLE';

/** -1: nobody, or not known. */
export const NO_LEADER = -1 as NodeId;

interface OfCluster {
  /** Of the asker. A null on the wire is undefined here, and accepted. */
  readonly clusterId: string | undefined;
}

/** Every answer of the quorum says who leads, as far as the answerer knows, and where. */
export interface Leadership {
  readonly errorCode: RaftErrorCode;
  readonly leaderId: NodeId;
  readonly leaderEpoch: Epoch;
  /** Of the leader, when it is known. */
  readonly nodeEndpoints: readonly Peer[];
}

export interface VoteRequest extends OfCluster {
  readonly api: 'vote';
  /** Whose vote is asked for. */
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
  readonly replicaEpoch: Epoch;
  /** Who asks. */
  readonly replicaId: NodeId;
  readonly replicaDirectoryId: Uuid;
  /** Of the asker's last record, and the offset behind it. */
  readonly lastOffsetEpoch: Epoch;
  readonly lastOffset: Offset;
  readonly preVote: boolean;
}

export interface VoteResponse extends Leadership {
  readonly api: 'vote';
  readonly voteGranted: boolean;
}

export interface BeginQuorumEpochRequest extends OfCluster {
  readonly api: 'begin-quorum-epoch';
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
  readonly leaderId: NodeId;
  readonly leaderEpoch: Epoch;
  readonly leaderEndpoints: readonly Endpoint[];
}

export interface BeginQuorumEpochResponse extends Leadership {
  readonly api: 'begin-quorum-epoch';
}

export interface PreferredCandidate {
  readonly candidateId: NodeId;
  readonly candidateDirectoryId: Uuid;
}

export interface EndQuorumEpochRequest extends OfCluster {
  readonly api: 'end-quorum-epoch';
  readonly leaderId: NodeId;
  readonly leaderEpoch: Epoch;
  /** The most advanced first. */
  readonly preferredCandidates: readonly PreferredCandidate[];
  readonly leaderEndpoints: readonly Endpoint[];
}

export interface EndQuorumEpochResponse extends Leadership {
  readonly api: 'end-quorum-epoch';
}

export interface FetchRequest extends OfCluster {
  readonly api: 'fetch';
  readonly replicaId: NodeId;
  readonly replicaDirectoryId: Uuid;
  readonly currentLeaderEpoch: Epoch;
  /** The offset behind the asker's last record; all before it is on the asker's disk. */
  readonly fetchOffset: Offset;
  /** Of the asker's last record, 0 when it has none. */
  readonly lastFetchedEpoch: Epoch;
  /** What the asker knows of it: when the leader knows more, it answers at once (KIP-1166). */
  readonly highWatermark: Offset;
  /** How long the leader may wait for something new. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

export interface FetchResponse extends Leadership {
  readonly api: 'fetch';
  /** -1: the leader does not know yet. */
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  /** The asker's last epoch ended here at the leader, or an earlier one did: cut off, and ask again. */
  readonly divergingEpoch?: { readonly epoch: Epoch; readonly endOffset: Offset };
  /** What the asker needs is in this snapshot only. */
  readonly snapshotId?: SnapshotId;
  readonly records: readonly LogBatch[];
}

export interface FetchSnapshotRequest extends OfCluster {
  readonly api: 'fetch-snapshot';
  readonly replicaId: NodeId;
  readonly replicaDirectoryId: Uuid;
  readonly currentLeaderEpoch: Epoch;
  readonly snapshotId: SnapshotId;
  /** In bytes. */
  readonly position: number;
  readonly maxBytes: number;
}

export interface FetchSnapshotResponse extends Leadership {
  readonly api: 'fetch-snapshot';
  readonly snapshotId: SnapshotId;
  /** Of the whole snapshot, in bytes. */
  readonly size: number;
  readonly position: number;
  readonly unalignedRecords: Uint8Array;
}

export interface AddRaftVoterRequest extends OfCluster {
  readonly api: 'add-raft-voter';
  /** How long the new voter may take to catch up. */
  readonly timeoutMs: number;
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
  readonly listeners: readonly Endpoint[];
  readonly ackWhenCommitted: boolean;
}

export interface RemoveRaftVoterRequest extends OfCluster {
  readonly api: 'remove-raft-voter';
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
}

export interface UpdateRaftVoterRequest extends OfCluster {
  readonly api: 'update-raft-voter';
  readonly currentLeaderEpoch: Epoch;
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
  readonly listeners: readonly Endpoint[];
}

/** Of AddRaftVoter, RemoveRaftVoter and UpdateRaftVoter. */
export interface VoterChangeResponse extends Leadership {
  readonly api: 'add-raft-voter' | 'remove-raft-voter' | 'update-raft-voter';
  readonly errorMessage: string | undefined;
}

export type MembershipRequest = AddRaftVoterRequest | RemoveRaftVoterRequest | UpdateRaftVoterRequest;

export type RaftRequest =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | MembershipRequest;

export type RaftResponse =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse
  | VoterChangeResponse;

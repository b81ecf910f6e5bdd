import type { Uuid } from '@trunkline/kernel';
import type { Reply } from '../state-machine.js';

/** The errors that a group's requests end with, by Kafka's names. */
export type GroupError =
  | 'NONE'
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'FENCED_INSTANCE_ID'
  | 'GROUP_ID_NOT_FOUND'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'GROUP_SUBSCRIBED_TO_TOPIC'
  | 'ILLEGAL_GENERATION'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'INVALID_COMMIT_OFFSET_SIZE'
  | 'INVALID_GROUP_ID'
  | 'INVALID_SESSION_TIMEOUT'
  | 'MEMBER_ID_REQUIRED'
  | 'NON_EMPTY_GROUP'
  | 'OFFSET_METADATA_TOO_LARGE'
  | 'POLICY_VIOLATION'
  | 'REBALANCE_IN_PROGRESS'
  | 'UNKNOWN_MEMBER_ID'
  | 'UNKNOWN_SERVER_ERROR';

/** A protocol that a member can speak, the one it likes best first. The metadata is opaque. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface JoinRequest {
  readonly groupId: string;
  /** Empty: not a member yet. */
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  /** `/127.0.0.1` */
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** A dynamic member without an id gets one first and joins again with it (v4 and up, KIP-394). */
  readonly idRequired: boolean;
  /** A static leader that comes back may be told to keep the assignment (v9, KIP-814). */
  readonly mayBeToldToSkip: boolean;
  /** Fresh and unique: becomes part of the member id if this join makes one. */
  readonly freshId: string;
}

export interface JoinAnswer {
  readonly error: GroupError;
  /** -1 with an error. */
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** All members, for the leader; else none. */
  readonly members: readonly JoinedMember[];
}

export interface JoinedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly metadata: Uint8Array;
}

/** Who speaks, in which generation. */
export interface MemberClaim {
  readonly groupId: string;
  readonly generation: number;
  readonly memberId: string;
  readonly instanceId: string | null;
}

export interface SyncRequest extends MemberClaim {
  /** Checked where given (v5, KIP-559). */
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

export interface SyncAnswer {
  readonly error: GroupError;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly assignment: Uint8Array;
}

export interface LeaveRequest {
  readonly groupId: string;
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null }[];
}

export interface LeaveAnswer {
  readonly error: GroupError;
  /** One for each member of the request, in its order. */
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly error: GroupError;
  }[];
}

export interface CommitRequest extends MemberClaim {
  /** What an unknown group with a generation is answered with: ILLEGAL_GENERATION up to v8, then GROUP_ID_NOT_FOUND. */
  readonly unknownGroup: 'ILLEGAL_GENERATION' | 'GROUP_ID_NOT_FOUND';
  /** -1: the broker's retention. */
  readonly retentionMs: number;
  readonly offsets: readonly CommittedOffset[];
}

export interface CommittedOffset {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly offset: bigint;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface CommitAnswer {
  /** Holds for every offset of the request. */
  readonly error: GroupError;
  /** One for each offset of the request, in its order, when `error` is NONE. */
  readonly offsets: readonly GroupError[];
}

export interface DeleteOffsetsRequest {
  readonly groupId: string;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

export interface DeleteOffsetsAnswer {
  readonly error: GroupError;
  /** One for each partition of the request, in its order, when `error` is NONE. */
  readonly partitions: readonly GroupError[];
}

/** What can happen to a group: requests, time, and topics that went away. */
export type GroupInput =
  | { readonly kind: 'join'; readonly request: JoinRequest; readonly reply: Reply<JoinAnswer> }
  | { readonly kind: 'sync'; readonly request: SyncRequest; readonly reply: Reply<SyncAnswer> }
  | { readonly kind: 'heartbeat'; readonly request: MemberClaim; readonly reply: Reply<GroupError> }
  | { readonly kind: 'leave'; readonly request: LeaveRequest; readonly reply: Reply<LeaveAnswer> }
  | { readonly kind: 'commit'; readonly request: CommitRequest; readonly reply: Reply<CommitAnswer> }
  | {
      readonly kind: 'delete-offsets';
      readonly request: DeleteOffsetsRequest;
      readonly reply: Reply<DeleteOffsetsAnswer>;
    }
  | { readonly kind: 'delete-group'; readonly request: { readonly groupId: string }; readonly reply: Reply<GroupError> }
  | {
      readonly kind: 'forget-topics';
      readonly request: { readonly groupId: string; readonly topics: ReadonlySet<string> };
      readonly reply: Reply<void>;
    }
  | { readonly kind: 'tick'; readonly request: { readonly groupId: string } }
  | { readonly kind: 'expire'; readonly request: { readonly groupId: string } };

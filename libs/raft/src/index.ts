export { RAFT_DEFAULTS, raftConfig, type RaftConfig, type RaftOptions } from './config.js';
export type { Answer, Effects, Input, Outgoing, Role, RoleKind, Settled, StableMark } from './effects.js';
export { INITIAL_HARD_STATE, type HardState } from './hard-state.js';
export {
  endOf,
  type ControlRecord,
  type EpochStart,
  type LeaderChange,
  type LogBatch,
  type LogShape,
  type SnapshotId,
  type VotersAt,
  type VotersChange,
} from './log-batch.js';
export { LogOutline, type Fit } from './log-outline.js';
export * from './messages.js';
export type { RaftListener, RaftStorage, RaftTransport, SnapshotPiece, StoredRaft, Unanswered } from './ports.js';
export type { RaftStatus, ReplicaProgress } from './status.js';
export { VoterSet, isSame, sameEndpoints, type Endpoint, type Peer, type ReplicaKey, type Voter } from './voters.js';
export { RaftHost, type Proposed, type RaftHostOptions } from './host.js';
export { Raft } from './raft.js';

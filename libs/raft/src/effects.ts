import type { Epoch, NodeId, Offset } from '@trunkline/kernel';
import type { HardState } from './hard-state.js';
import type { LogBatch, SnapshotId } from './log-batch.js';
import type { RaftErrorCode, RaftRequest, RaftResponse } from './messages.js';
import type { Peer, Voter } from './voters.js';

/** What a replica is at the moment. An observer has no vote: it follows, or looks for somebody to follow. */
export type RoleKind = 'unattached' | 'prospective' | 'candidate' | 'leader' | 'follower' | 'resigned';

/** A change of who leads, for whoever wants to know. */
export interface Role {
  readonly kind: RoleKind;
  readonly epoch: Epoch;
  readonly leaderId: NodeId | undefined;
  /**
   * This replica leads, and the first record of its reign is committed: all that was ever committed has been handed over
   * before this, and decisions may rest on it (C4, C29). Only with `leader`.
   */
  readonly isReady: boolean;
}

/** What must be on disk, and is said to be there by the input `stable`. It names an epoch twice for a reason: C6. */
export interface StableMark {
  readonly endOffset: Offset;
  /** Of the last record before `endOffset`. */
  readonly lastEpoch: Epoch;
  /** The replica's own when it was asked for. */
  readonly epoch: Epoch;
}

/** A request to another node. Its answer comes back as an input with the same `correlation`, or `unanswered`. */
export interface Outgoing {
  readonly to: Peer;
  readonly correlation: number;
  readonly request: RaftRequest;
}

/** An answer to whoever brought the request with this ticket. */
export interface Answer {
  readonly ticket: number;
  readonly response: RaftResponse;
  /** Put the records of this range into the FetchResponse: whole batches, at least one. */
  readonly readLog?: { readonly from: Offset; readonly until: Offset; readonly bytesMax: number };
  /** Put these bytes into the FetchSnapshotResponse. */
  readonly readSnapshot?: { readonly id: SnapshotId; readonly position: number; readonly bytesMax: number };
}

/** What became of a proposal. */
export interface Settled {
  readonly ticket: number;
  /**
   * NONE: committed. NOT_LEADER_OR_FOLLOWER: not taken, or taken and then another leader came, so that it may be
   * committed or not (`baseOffset` tells which of both). THROTTLING_QUOTA_EXCEEDED: too much is uncommitted already.
   */
  readonly errorCode: RaftErrorCode;
  /** -1: not taken. */
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
}

/** What a step wants done, in this order. Each line waits for the one before it. */
export interface Effects {
  /** 1. On disk first, synced. */
  readonly persist?: HardState;
  /** 2. Cut the log off here, durably. */
  readonly truncateTo?: Offset;
  /** 2. Add to a snapshot that is being fetched. At position 0 it begins anew. */
  readonly snapshotChunk?: { readonly id: SnapshotId; readonly position: number; readonly bytes: Uint8Array };
  /**
   * 2. It is whole. Check it, make it durable, and let the log begin, empty, at its end. The **next** input must be
   * `snapshot-installed` or `snapshot-refused`.
   */
  readonly installSnapshot?: SnapshotId;
  /** 2. Append, so that it can be read. It may reach the disk later. */
  readonly append?: readonly LogBatch[];
  /** 2. Let go of the log below the end of this snapshot, and of older snapshots. May be done at leisure. */
  readonly startAt?: SnapshotId;
  /** 3. Only then these. Both may be lost. */
  readonly send: readonly Outgoing[];
  readonly answers: readonly Answer[];
  /** 4. All below it is committed, and may be replayed. */
  readonly committedTo?: Offset;
  readonly settled: readonly Settled[];
  /** 5. Tell who wants to know. */
  readonly role?: Role;
  /** 6. Beside all that, behind the append: sync the log, then say `stable` with this mark. A newer mark replaces it. */
  readonly sync?: StableMark;
  /** When a `tick` is due; Infinity when never. Milliseconds of the clock that `step` is given. */
  readonly wakeAtMs: number;
}

export type Input =
  /** Time has passed. */
  | { readonly kind: 'tick' }
  /** Somebody asks. The answer carries the ticket; it may come many steps later. */
  | { readonly kind: 'request'; readonly ticket: number; readonly request: RaftRequest }
  | { readonly kind: 'response'; readonly correlation: number; readonly response: RaftResponse }
  /** No answer will come. `refused`: nobody listens there, so the process is gone and not merely silent. */
  | { readonly kind: 'unanswered'; readonly correlation: number; readonly refused: boolean }
  /**
   * Append this in `epoch`, if this replica leads it (C23). Atomic: all of it is committed, or nothing. Its end is told
   * as `settled`.
   */
  | {
      readonly kind: 'propose';
      readonly ticket: number;
      readonly epoch: Epoch;
      readonly count: number;
      readonly bytes: Uint8Array;
    }
  /** The log is on disk up to a mark that was asked for. */
  | ({ readonly kind: 'stable' } & StableMark)
  /** A snapshot of committed state is on disk: see {@link Raft.snapshotIdAt} and {@link Raft.votersAt}. */
  | { readonly kind: 'snapshot-taken'; readonly id: SnapshotId }
  | { readonly kind: 'snapshot-installed'; readonly id: SnapshotId; readonly voters: readonly Voter[] }
  /** What was fetched is no sound snapshot: it is fetched again. */
  | { readonly kind: 'snapshot-refused'; readonly id: SnapshotId }
  /** Hand over the lead: take no more, let what is there be committed, and name a successor. Nothing when not leading. */
  | { readonly kind: 'resign' };

import type { Offset } from '@trunkline/kernel';
import type { Role } from './effects.js';
import type { HardState } from './hard-state.js';
import type { LogBatch, LogShape, SnapshotId } from './log-batch.js';
import type { RaftRequest, RaftResponse } from './messages.js';
import type { Peer, Voter } from './voters.js';

/** What a storage finds when it is opened. */
export interface StoredRaft {
  /** Undefined: this replica was never asked anything. */
  readonly hardState: HardState | undefined;
  readonly log: LogShape;
}

/** A piece of a snapshot. */
export interface SnapshotPiece {
  /** Of the whole snapshot, in bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/**
 * The disk of one replica. Called by one lane, one call after the other, but for `sync`, `readSnapshot` and `startAt`,
 * which may run beside the others. A rejection is final: the host takes nothing more (C56).
 */
export interface RaftStorage {
  /** Once, before all else. Recovers; refuses damage with KAFKA_STORAGE_ERROR in a sentence (C20, C57). */
  open(): Promise<StoredRaft>;
  /** Durable when it resolves. */
  writeHardState(state: HardState): Promise<void>;
  /** Durable when it resolves. Never below a snapshot. */
  truncateTo(endOffset: Offset): Promise<void>;
  /** Can be read when it resolves, and is durable after a `sync` that began later. */
  append(batches: readonly LogBatch[]): Promise<void>;
  /** Everything that was appended before the call is durable when it resolves. */
  sync(): Promise<void>;
  /** Whole batches with their bytes, from the one that holds `from` up to `until` or `bytesMax`; at least one. */
  read(from: Offset, until: Offset, bytesMax: number): Promise<readonly LogBatch[]>;
  /** Lets go of the log below the snapshot's end, and of older snapshots. Whole segments may stay. */
  startAt(snapshot: SnapshotId): Promise<void>;
  /** Undefined when there is no such snapshot, or the position lies beyond its end. */
  readSnapshot(id: SnapshotId, position: number, bytesMax: number): Promise<SnapshotPiece | undefined>;
  /** Adds to a snapshot that is being fetched; position 0 begins anew, also that of another id. */
  writeSnapshotChunk(id: SnapshotId, position: number, bytes: Uint8Array): Promise<void>;
  /**
   * Checks the fetched snapshot, makes it durable, and only then begins the log, empty, at its end. Resolves with its
   * voters, or with undefined when it is not sound: then nothing has changed.
   */
  installSnapshot(id: SnapshotId): Promise<readonly Voter[] | undefined>;
  close(): Promise<void>;
}

/** No answer came. */
export interface Unanswered {
  readonly api: 'unanswered';
  /** Nobody listens there: the process is gone, and not merely silent. */
  readonly refused: boolean;
}

/** The way to the other replicas. Requests and answers may be lost, late, or arrive twice. */
export interface RaftTransport {
  /** Never rejects. Need not have a deadline of its own. */
  send(to: Peer, request: RaftRequest): Promise<RaftResponse | Unanswered>;
}

/** The state machine above the log. Called one after the other; must not reject: that ends the host. */
export interface RaftListener {
  /** The state begins anew with this snapshot of the storage: at the start when there is one, or when one was fetched. */
  snapshot(id: SnapshotId): Promise<void>;
  /** Committed batches, in order, each once since the last snapshot or the start. Control batches, too. */
  committed(batches: readonly LogBatch[]): Promise<void>;
  /** After everything that was committed before it was handed over. */
  roleChanged(role: Role): Promise<void> | void;
}

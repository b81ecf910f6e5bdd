import type { NodeId, Offset } from '@trunkline/kernel';
import { endOf, type LogBatch, type SnapshotId } from './log-batch.js';
import type { FetchResponse, FetchSnapshotResponse, RaftResponse } from './messages.js';
import type { Replica, Sent } from './replica.js';
import { RoleState } from './role.js';
import { fetchRequest } from './unattached.js';
import { sameEndpoints, type Peer, type Voter } from './voters.js';

/** Refusals in a row after which the leader's process is taken for gone. */
const REFUSALS_MAX = 2;

/**
 * Pulls the leader's log. One fetch at a time (C22), and the next only once what came is on disk: a fetch offset is the
 * acknowledgement of everything before it.
 */
export class Follower extends RoleState {
  readonly kind = 'follower';
  #standAtMs: number;
  #askAtMs = Number.POSITIVE_INFINITY;
  #hasFetched = false;
  #refusals = 0;
  /** A fetch is on its way. */
  #isAsking = false;
  #snapshot: { readonly id: SnapshotId; readonly position: number } | undefined;
  #isInstalling = false;
  /** As the leader told it last; -1: it does not know yet. */
  #leaderHighWatermark = -1;
  #updateAtMs = 0;

  constructor(
    replica: Replica,
    private readonly leader: Peer,
  ) {
    super(replica);
    this.#standAtMs = this.#timeout();
  }

  override get wakeAtMs(): number {
    return Math.min(this.#standAtMs, this.#askAtMs);
  }

  override start(): void {
    this.#ask();
  }

  override tick(): void {
    const { nowMs, transitions, epoch, mayStand } = this.replica;
    if (this.#standAtMs <= nowMs) return mayStand ? transitions.prospective() : transitions.unattached(epoch);
    if (this.#askAtMs <= nowMs) this.#ask();
  }

  override excuse(untilMs: number): void {
    this.#standAtMs = Math.max(this.#standAtMs, untilMs);
  }

  /** A live leader is not to be disturbed; but when it asks itself, it lives and leads no more. */
  override refusesPreVoteOf(asker: NodeId): boolean {
    return this.#hasFetched && this.#refusals < REFUSALS_MAX && asker !== this.leader.id;
  }

  override stable(): void {
    this.#repairIfCaughtUp();
    this.#ask();
  }

  override answered({ request }: Sent, response: RaftResponse): void {
    if (response.api === 'update-raft-voter' || request.api === 'update-raft-voter') return;
    this.#isAsking = false;
    if (response.errorCode === 'NOT_LEADER_OR_FOLLOWER') return this.#leaderless();
    if (response.errorCode !== 'NONE') {
      this.#snapshot = undefined;
      return this.#askLater();
    }
    this.#hasFetched = true;
    this.#refusals = 0;
    this.#standAtMs = this.#timeout();
    if (response.api === 'fetch') this.#took(response);
    else if (response.api === 'fetch-snapshot') this.#tookPiece(response);
    this.#tellEndpoints();
  }

  override unanswered({ request }: Sent, refused: boolean): void {
    if (request.api !== 'fetch' && request.api !== 'fetch-snapshot') return;
    this.#isAsking = false;
    this.#refusals = refused ? this.#refusals + 1 : 0;
    if (this.#refusals === REFUSALS_MAX) {
      const { nowMs, config } = this.replica;
      // Nobody listens where the leader was: no need to wait until its time is up.
      this.#standAtMs = Math.min(this.#standAtMs, nowMs + config.random.below(Math.ceil(config.electionTimeoutMs / 2)));
    }
    this.#askLater();
  }

  /** The snapshot that was fetched stands at the start of an empty log now. */
  installed(id: SnapshotId, voters: readonly Voter[]): void {
    this.#isInstalling = false;
    this.replica.outline.reset(id, voters);
    this.replica.commitTo(id.endOffset);
    this.#standAtMs = this.#timeout();
    this.#ask();
  }

  snapshotRefused(): void {
    this.#isInstalling = false;
    this.#askLater();
  }

  #timeout(): number {
    const { nowMs, config } = this.replica;
    return nowMs + config.fetchTimeoutMs + config.random.below(Math.ceil(config.electionTimeoutMs / 2));
  }

  #ask(): void {
    const { outline, config } = this.replica;
    this.#askAtMs = Number.POSITIVE_INFINITY;
    if (this.#isAsking || this.#isInstalling || outline.stableEnd < outline.endOffset) return;
    this.#isAsking = true;
    if (this.#snapshot === undefined) {
      return this.replica.send(this.leader, fetchRequest(this.replica, config.fetchMaxWaitMs));
    }
    this.replica.send(this.leader, {
      api: 'fetch-snapshot',
      clusterId: config.clusterId,
      replicaId: this.replica.self.id,
      replicaDirectoryId: this.replica.self.directoryId,
      currentLeaderEpoch: this.replica.epoch,
      snapshotId: this.#snapshot.id,
      position: this.#snapshot.position,
      maxBytes: config.fetchBytesMax,
    });
  }

  #askLater(): void {
    this.#askAtMs = this.replica.nowMs + this.replica.config.retryBackoffMs;
  }

  /** The leader of this epoch says that it does not lead. So nobody does. */
  #leaderless(): void {
    this.replica.endedEpoch = this.replica.epoch;
    this.replica.transitions.unattached(this.replica.epoch);
  }

  #took(response: FetchResponse): void {
    const { divergingEpoch, snapshotId, records } = response;
    if (divergingEpoch !== undefined) {
      if (!this.#truncate(divergingEpoch)) return this.#askLater();
    } else if (snapshotId !== undefined) {
      if (snapshotId.endOffset <= this.replica.highWatermark) return this.#askLater();
      this.#snapshot = { id: snapshotId, position: 0 };
    } else {
      if (!this.#follows(records)) return this.#askLater();
      for (const batch of records) {
        this.replica.outline.append(batch);
        this.replica.draft.append.push(batch);
      }
      this.#commitTo(response.highWatermark);
      this.#repairIfCaughtUp();
    }
    this.#ask();
  }

  /** Batches one behind the other, of reigns up to this one: anything else is not taken. */
  #follows(records: readonly LogBatch[]): boolean {
    let { endOffset, lastEpoch } = this.replica.outline;
    for (const batch of records) {
      if (batch.baseOffset !== endOffset || batch.epoch < lastEpoch || batch.epoch > this.replica.epoch) return false;
      if (batch.count <= 0) return false;
      endOffset = endOf(batch);
      lastEpoch = batch.epoch;
    }
    return true;
  }

  #commitTo(highWatermark: Offset): void {
    const { endOffset } = this.replica.outline;
    this.#leaderHighWatermark = highWatermark;
    this.replica.commitTo(highWatermark < endOffset ? highWatermark : endOffset);
  }

  /** It has again what it once acknowledged: all that is committed. So it may vote again (C19). */
  #repairIfCaughtUp(): void {
    const { hard, outline } = this.replica;
    if (!hard.needsRepair || this.#leaderHighWatermark < 0) return;
    if (outline.stableEnd >= this.#leaderHighWatermark) this.replica.persist({ needsRepair: false });
  }

  /** Goes back to where both logs were one, at most to the end of the epoch that both know (KIP-101, KIP-595). */
  #truncate(diverging: NonNullable<FetchResponse['divergingEpoch']>): boolean {
    const { outline } = this.replica;
    const own = outline.endOffsetFor(diverging.epoch);
    const isBoth = own.epoch === diverging.epoch && diverging.endOffset < own.endOffset;
    const target = isBoth ? diverging.endOffset : own.endOffset;
    if (target >= outline.endOffset) return false;
    this.replica.truncateTo(target);
    return true;
  }

  #tookPiece(response: FetchSnapshotResponse): void {
    const wanted = this.#snapshot;
    const isWanted =
      wanted !== undefined &&
      wanted.id.endOffset === response.snapshotId.endOffset &&
      wanted.id.epoch === response.snapshotId.epoch &&
      wanted.position === response.position;
    if (!isWanted) return this.#askLater();
    const { id, position } = wanted;
    const bytes = response.unalignedRecords;
    const end = position + bytes.byteLength;
    if (end < response.size && bytes.byteLength === 0) return this.#askLater();
    this.replica.draft.snapshotChunk = { id, position, bytes };
    if (end < response.size) {
      this.#snapshot = { id, position: end };
      return this.#ask();
    }
    this.#snapshot = undefined;
    this.#isInstalling = true;
    this.replica.draft.installSnapshot = id;
  }

  /** A voter that listens elsewhere than the voters say has that put right (KIP-853). */
  #tellEndpoints(): void {
    const { config, nowMs, outline, self, epoch } = this.replica;
    const mine = outline.voters.byId(self.id);
    if (mine === undefined || !outline.voters.has(self) || nowMs < this.#updateAtMs) return;
    if (config.endpoints.length === 0 || sameEndpoints(mine.endpoints, config.endpoints)) return;
    this.#updateAtMs = nowMs + config.fetchTimeoutMs;
    this.replica.send(this.leader, {
      api: 'update-raft-voter',
      clusterId: config.clusterId,
      currentLeaderEpoch: epoch,
      voterId: self.id,
      voterDirectoryId: self.directoryId,
      listeners: config.endpoints,
    });
  }
}

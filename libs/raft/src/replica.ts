import {
  epoch as toEpoch,
  invariant,
  offset as toOffset,
  type Epoch,
  type NodeId,
  type Offset,
} from '@trunkline/kernel';
import type { RaftConfig } from './config.js';
import { Draft } from './draft.js';
import type { HardState } from './hard-state.js';
import type { ControlRecord, LogBatch, LogShape } from './log-batch.js';
import { LogOutline } from './log-outline.js';
import { NO_LEADER, type Leadership, type RaftErrorCode, type RaftRequest, type RaftResponse } from './messages.js';
import type { Peer, ReplicaKey } from './voters.js';

/** A request that waits for its answer. */
export interface Sent {
  readonly to: Peer;
  readonly request: RaftRequest;
  readonly deadlineMs: number;
}

/** The ways from one role to another. Whoever calls one is no longer in charge when it returns. */
export interface Transitions {
  /** `electionInMs`: when a voter stands; by default after the election timeout. */
  unattached(epoch: Epoch, electionInMs?: number): void;
  prospective(): void;
  candidate(): void;
  lead(grantingVoters: readonly ReplicaKey[]): void;
  follow(leader: Peer, epoch: Epoch): void;
  resigned(preferred: readonly ReplicaKey[]): void;
}

const NO_BYTES = new Uint8Array(0);

/** What all roles of a replica share: its memory, its log's outline, what it knows to be committed, and the pen. */
export class Replica {
  nowMs = 0;
  draft = new Draft();
  /** Whom this replica takes for the leader now: not the same as the one of the hard state, who may have gone. */
  leader: Peer | undefined;
  /** The leader of this epoch has said that it leads no more: what others say of it is old. */
  endedEpoch = -1;
  /** Elections since the last leader. */
  attempts = 0;
  transitions!: Transitions;
  readonly outline: LogOutline;
  readonly sent = new Map<number, Sent>();
  readonly #learned = new Map<NodeId, Peer>();
  #hard: HardState;
  #highWatermark: Offset;
  #correlation = 0;

  constructor(
    readonly config: RaftConfig,
    restored: HardState,
    log: LogShape,
  ) {
    this.#hard = restored;
    this.outline = new LogOutline(log, config.initialVoters);
    this.#highWatermark = log.snapshots.at(-1)?.endOffset ?? toOffset(0);
    const lastEpoch = this.outline.lastEpoch;
    if (lastEpoch <= restored.epoch) return;
    this.#hard = { ...restored, epoch: lastEpoch, votedFor: undefined, leaderId: undefined };
  }

  get hard(): HardState {
    return this.#hard;
  }

  get epoch(): Epoch {
    return this.#hard.epoch;
  }

  get self(): ReplicaKey {
    return this.config.self;
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  get isVoter(): boolean {
    return this.outline.voters.has(this.self);
  }

  /**
   * May stand for election: it votes, and has what it promised (C19). So may who is about to be removed, as long as that
   * is not known to be committed: it may be the one that is needed to commit it (Ongaro's thesis, 4.2.2).
   */
  get mayStand(): boolean {
    if (this.#hard.needsRepair) return false;
    const { outline } = this;
    return (
      this.isVoter || (outline.votersOffset >= this.#highWatermark && outline.earlierVoters?.has(this.self) === true)
    );
  }

  persist(change: Partial<HardState>): void {
    const before = this.#hard;
    this.#hard = { ...before, ...change };
    invariant(this.#hard.epoch >= before.epoch, 'an epoch never goes back');
    this.draft.persist = this.#hard;
  }

  /** Enters an epoch in which nobody is known and no vote was given. */
  enterEpoch(epoch: Epoch): void {
    if (epoch > this.epoch) this.persist({ epoch, votedFor: undefined, leaderId: undefined });
  }

  send(to: Peer, request: RaftRequest): void {
    const correlation = ++this.#correlation;
    this.sent.set(correlation, { to, request, deadlineMs: this.nowMs + this.config.requestTimeoutMs });
    this.draft.send.push({ to, correlation, request });
  }

  answer(ticket: number, response: RaftResponse): void {
    this.draft.answers.push({ ticket, response });
  }

  /** What every answer says of the leader. */
  leadership(errorCode: RaftErrorCode): Leadership {
    const { leader } = this;
    const nodeEndpoints = leader !== undefined && leader.endpoints.length > 0 ? [leader] : [];
    return { errorCode, leaderId: leader?.id ?? NO_LEADER, leaderEpoch: this.epoch, nodeEndpoints };
  }

  append(count: number, bytes: Uint8Array, control?: ControlRecord): LogBatch {
    const { epoch } = this;
    const batch = {
      baseOffset: this.outline.endOffset,
      epoch,
      count,
      bytes,
      ...(control !== undefined && { control }),
    };
    this.outline.append(batch);
    this.draft.append.push(batch);
    return batch;
  }

  appendControl(control: ControlRecord): LogBatch {
    return this.append(1, NO_BYTES, control);
  }

  /** It never goes back, whoever says so. */
  commitTo(highWatermark: Offset): boolean {
    if (highWatermark <= this.#highWatermark) return false;
    invariant(highWatermark <= this.outline.endOffset, 'what is committed is in the log');
    this.#highWatermark = highWatermark;
    this.draft.committedTo = highWatermark;
    return true;
  }

  /** Cuts off what the leader does not have. What is committed never goes (C7). */
  truncateTo(endOffset: Offset): void {
    invariant(endOffset >= this.#highWatermark, 'nothing committed is cut off');
    this.outline.truncateTo(endOffset);
    this.draft.truncateTo = endOffset;
  }

  learn(peer: Peer): void {
    if (peer.endpoints.length > 0) this.#learned.set(peer.id, peer);
  }

  /** Where a node is, as far as anybody said: the newest word first. */
  peerOf(id: NodeId): Peer {
    return this.#learned.get(id) ?? { id, endpoints: this.outline.voters.byId(id)?.endpoints ?? [] };
  }

  /** Voters but this node. */
  otherVoters(): readonly ReplicaKey[] {
    return this.outline.voters.toArray().filter(({ id }) => id !== this.self.id);
  }

  /** From `ms` to twice as long, by the dice. */
  jittered(ms: number): number {
    return ms + this.config.random.below(Math.max(1, Math.ceil(ms)));
  }

  nextEpoch(): Epoch {
    return toEpoch(this.epoch + 1);
  }
}

import { invariant, type NodeId, type Offset } from '@trunkline/kernel';
import {
  effectiveMinIsr,
  type FollowerFetch,
  FollowerState,
  highWatermark,
  UNKNOWN_BROKER_EPOCH,
  UNKNOWN_OFFSET,
} from './isr.js';

/** What the metadata says of a partition to the node that leads it. */
export interface LeaderState {
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
}

/** What a leader must know of its cluster. */
export interface ReplicationRules {
  readonly nodeId: NodeId;
  /** replica.lag.time.max.ms */
  readonly lagMaxMs: number;
  /** This broker's own epoch. */
  brokerEpoch(): bigint;
  /** The epoch of a broker that may be in an ISR; undefined when it is fenced, about to stop, or not known (KIP-841). */
  eligibleEpoch(id: NodeId): bigint | undefined;
}

/** Where a reign begins: the log's end then, and the watermark that this replica had heard of. */
export interface ReignStart {
  readonly epochStart: Offset;
  readonly highWatermark: Offset;
  /** The leader's own durable end. */
  readonly ownEnd: Offset;
  /** min.insync.replicas of the topic. */
  readonly minIsr: number;
  readonly nowMs: number;
}

/** A new ISR that the controller is asked for: a compare-and-set on both epochs (KIP-497, KIP-903). */
export interface IsrProposal {
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** With the epochs under which each of them fetched. */
  readonly isr: readonly { readonly brokerId: NodeId; readonly brokerEpoch: bigint }[];
}

/** What became of a proposal. */
export type IsrOutcome =
  | {
      readonly kind: 'state';
      readonly leaderEpoch: number;
      readonly partitionEpoch: number;
      readonly isr: readonly NodeId[];
    }
  /** `error`: a name of Kafka's, or any other word when no answer came. */
  | { readonly kind: 'refused'; readonly error: string };

/** The controller will not have it: as if it had not been asked. It may be asked again. */
const TAKEN_BACK: ReadonlySet<string> = new Set(['OPERATION_NOT_ATTEMPTED', 'INELIGIBLE_REPLICA']);
/** Newer metadata is on its way, and decides: until then the proposal may or may not hold. */
const SUPERSEDED: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'FENCED_LEADER_EPOCH',
  'INVALID_UPDATE_VERSION',
  'INVALID_REQUEST',
  'NEW_LEADER_ELECTED',
]);
/** After the controller refused a replica, nobody new is proposed for so long: each fetch would ask again. */
const REFUSED_PAUSE_MS = 250;

interface Pending {
  readonly proposal: IsrProposal;
  /** The replica that is to join; undefined: some are to leave. */
  readonly joins: NodeId | undefined;
  sent: boolean;
}

/**
 * The arithmetic of a leader with followers, in one reign: who is in sync, and below which offset all have everything.
 *
 * It knows no log, no clock and no controller: fetches, ends, times, metadata and answers go in; {@link highWatermark}
 * and {@link takeProposal} say what follows. A replica that is about to join counts for the watermark from the moment
 * it is proposed; one that is about to leave counts until the controller has agreed (KIP-497). The watermark stands
 * while fewer than min.insync.replicas are in sync (KIP-966).
 */
export class LeaderReplication {
  readonly #followers = new Map<NodeId, FollowerState>();
  readonly #rules: ReplicationRules;
  readonly leaderEpoch: number;
  readonly epochStart: Offset;
  #partitionEpoch: number;
  #replicaCount = 0;
  #isr: ReadonlySet<NodeId> = new Set();
  #minIsr: number;
  #ownEnd: Offset;
  #highWatermark: Offset;
  #nowMs: number;
  #pending: Pending | undefined;
  #expandsAgainMs = Number.NEGATIVE_INFINITY;

  constructor(rules: ReplicationRules, state: LeaderState, start: ReignStart) {
    this.#rules = rules;
    this.leaderEpoch = state.leaderEpoch;
    this.epochStart = start.epochStart;
    this.#partitionEpoch = state.partitionEpoch;
    this.#minIsr = start.minIsr;
    this.#ownEnd = start.ownEnd;
    this.#highWatermark = start.highWatermark;
    this.#nowMs = start.nowMs;
    this.#take(state);
    this.#advance();
  }

  /** Below it every in-sync replica has everything. It never moves back. */
  get highWatermark(): Offset {
    return this.#highWatermark;
  }
  /** As the controller has agreed. */
  get isr(): readonly NodeId[] {
    return [...this.#isr];
  }
  get isrCount(): number {
    return this.#isr.size;
  }
  /** As it may be by now: the controller's, and who was proposed to join. */
  get maximalIsr(): readonly NodeId[] {
    const joins = this.#pending?.joins;
    return joins === undefined ? this.isr : [...this.#isr, joins];
  }
  get partitionEpoch(): number {
    return this.#partitionEpoch;
  }
  /** Whether fewer replicas are in sync than min.insync.replicas asks for. */
  get isUnderMinIsr(): boolean {
    return this.#isr.size < effectiveMinIsr(this.#minIsr, this.#replicaCount);
  }
  /** Whether a proposal waits to be sent. */
  get hasProposal(): boolean {
    return this.#pending !== undefined && !this.#pending.sent;
  }

  /** What is known of a follower; undefined when the node has no replica. */
  follower(id: NodeId): FollowerState | undefined {
    return this.#followers.get(id);
  }

  /** Below it nothing is needed any more, of all in-sync replicas; -1 while one has not said where its log begins. */
  lowWatermark(ownStart: Offset): Offset {
    let lowest = ownStart;
    for (const id of this.#isr) {
      const start = this.#followers.get(id)?.startOffset ?? ownStart;
      if (start < lowest) lowest = start;
    }
    return lowest;
  }

  /**
   * A follower fetched, in this leader epoch and where the logs agree: the caller has seen to both (KIP-320). It may
   * join the ISR at or above the watermark and at or above where the reign began (KAFKA-7128).
   */
  fetched(position: FollowerFetch, nowMs: number): void {
    const follower = this.#followers.get(position.replica);
    invariant(follower !== undefined, 'a follower has a replica');
    this.#nowMs = nowMs;
    follower.fetched(position, this.#ownEnd, nowMs);
    if (this.#mayJoin(position.replica, follower)) this.#propose([...this.#isr, position.replica], position.replica);
    this.#advance();
  }

  /** The leader's own log is durable up to here. */
  reached(ownEnd: Offset, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#ownEnd = ownEnd;
    this.#advance();
  }

  /** Time passed, or brokers changed: who has been behind for too long is proposed to leave. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#pending === undefined) {
      const stay = [...this.#isr].filter((id) => this.#isInSync(id));
      if (stay.length < this.#isr.size) this.#propose(stay, undefined);
    }
    this.#advance();
  }

  /** Another min.insync.replicas holds. */
  require(minIsr: number, nowMs: number): void {
    this.#minIsr = minIsr;
    this.#nowMs = nowMs;
    this.#advance();
  }

  /** Newer metadata of the same reign; an older partition epoch is none (KAFKA-13790). Says whether it was taken. */
  become(state: LeaderState, nowMs: number): boolean {
    invariant(state.leaderEpoch === this.leaderEpoch, 'a reign has one leader epoch');
    if (state.partitionEpoch <= this.#partitionEpoch) return false;
    this.#nowMs = nowMs;
    this.#partitionEpoch = state.partitionEpoch;
    this.#pending = undefined;
    this.#take(state);
    this.#advance();
    return true;
  }

  /** The proposal to send, once; {@link settle} says what became of it. */
  takeProposal(): IsrProposal | undefined {
    if (this.#pending === undefined || this.#pending.sent) return undefined;
    this.#pending.sent = true;
    return this.#pending.proposal;
  }

  /** What became of a proposal that was sent. After newer metadata it does not matter any more. */
  settle(proposal: IsrProposal, outcome: IsrOutcome, nowMs: number): void {
    if (this.#pending?.proposal !== proposal) return;
    this.#nowMs = nowMs;
    if (outcome.kind === 'refused') this.#refused(this.#pending, outcome.error);
    else if (outcome.leaderEpoch === this.leaderEpoch && outcome.partitionEpoch >= this.#partitionEpoch) {
      this.#partitionEpoch = outcome.partitionEpoch;
      this.#pending = undefined;
      this.#isr = new Set(outcome.isr);
    }
    this.#advance();
  }

  #refused(pending: Pending, error: string): void {
    if (TAKEN_BACK.has(error)) {
      this.#pending = undefined;
      this.#expandsAgainMs = this.#nowMs + REFUSED_PAUSE_MS;
    } else if (!SUPERSEDED.has(error)) pending.sent = false;
  }

  #take({ replicas, isr }: LeaderState): void {
    this.#replicaCount = replicas.length;
    this.#isr = new Set(isr);
    for (const id of this.#followers.keys()) if (!replicas.includes(id)) this.#followers.delete(id);
    for (const id of replicas) {
      if (id === this.#rules.nodeId || this.#followers.has(id)) continue;
      this.#followers.set(id, new FollowerState(this.#isr.has(id), this.#nowMs));
    }
  }

  #mayJoin(id: NodeId, follower: FollowerState): boolean {
    if (this.#pending !== undefined || this.#isr.has(id) || this.#nowMs < this.#expandsAgainMs) return false;
    const { endOffset } = follower;
    return endOffset >= this.#highWatermark && endOffset >= this.epochStart && this.#isEligible(id, follower);
  }

  /** Neither fenced nor about to stop, and still in the uptime in which it fetched (KIP-841, KIP-903). */
  #isEligible(id: NodeId, { brokerEpoch }: FollowerState): boolean {
    const current = this.#rules.eligibleEpoch(id);
    return current !== undefined && (brokerEpoch === UNKNOWN_BROKER_EPOCH || brokerEpoch === current);
  }

  #isInSync(id: NodeId): boolean {
    const follower = this.#followers.get(id);
    return follower === undefined || follower.isCaughtUp(this.#ownEnd, this.#nowMs, this.#rules.lagMaxMs);
  }

  #propose(isr: readonly NodeId[], joins: NodeId | undefined): void {
    const { nodeId } = this.#rules;
    const epochOf = (id: NodeId): bigint =>
      id === nodeId ? this.#rules.brokerEpoch() : (this.#followers.get(id)?.brokerEpoch ?? UNKNOWN_BROKER_EPOCH);
    const { leaderEpoch } = this;
    const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }));
    const proposal = { leaderEpoch, partitionEpoch: this.#partitionEpoch, isr: members };
    this.#pending = { proposal, joins, sent: false };
  }

  #advance(): void {
    if (this.isUnderMinIsr) return;
    this.#highWatermark = highWatermark(this.#highWatermark, this.#ownEnd, this.#waitedFor());
  }

  /** The maximal ISR, and whoever has caught up and is about to join: else under load it would never get there. */
  *#waitedFor(): Generator<FollowerState, void, void> {
    for (const [id, follower] of this.#followers) {
      if (this.#isr.has(id) || this.#pending?.joins === id || this.#isJoining(id, follower)) yield follower;
    }
  }

  #isJoining(id: NodeId, follower: FollowerState): boolean {
    if (follower.endOffset === UNKNOWN_OFFSET) return false;
    return follower.isCaughtUp(this.#ownEnd, this.#nowMs, this.#rules.lagMaxMs) && this.#isEligible(id, follower);
  }
}

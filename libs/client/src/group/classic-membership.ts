import { KafkaError } from '../error.js';
import type { ClassicAsk, ClassicReply } from './classic-asks.js';
import { type MemberIdentity, type MemberState, type MembershipInput, verdictOf } from './membership.js';
import { MembershipMachine } from './membership-machine.js';
import { type ClassicMembershipOptions, type ClassicPhase, stateOf } from './classic-phase.js';
import type { TopicPartition } from '../topic-partition.js';

/** What JoinGroup may take beyond the rebalance timeout (as Java's JOIN_GROUP_TIMEOUT_LAPSE), ms. */
const JOIN_LAPSE_MS = 5_000;
/** Rounds in a row that may fail before there is a pause: a new id, a fence, a member that came in meanwhile. */
const FREE_ROUNDS = 4;
/** The pause before a try that helps only when somebody has changed rights or sizes, ms. */
const REFUSED_PAUSE_MS = 5_000;

type Input = MembershipInput<ClassicReply>;

/**
 * A member of a classic group: joins, syncs, beats, lets go and joins again, and begins anew after whatever broke it.
 * Pure: time comes with each input, and what is to be done goes out as effects in their order.
 *
 * It beats by time alone: what its owner is busy with does not matter. Source: KIP-62, 345, 394, 429, 814.
 */
export class ClassicMembership extends MembershipMachine<ClassicAsk, ClassicReply> {
  #phase: ClassicPhase = 'idle';
  #memberId = '';
  #generation = -1;
  /** The generation in which it got what it holds: told to the assignor. */
  #heldGeneration = -1;
  /** What it let go of for the join that is under way: an eager sticky assignor is told. */
  #heldBefore: readonly TopicPartition[] = [];
  #protocolName = '';
  #isLeader = false;
  #hadAssignment = false;
  #rejoinReason: string | undefined;
  #failedRounds = 0;
  #retryAtMs = Infinity;

  constructor(private readonly options: ClassicMembershipOptions) {
    super(options);
  }

  override get state(): MemberState {
    return stateOf(this.#phase, this.#hadAssignment);
  }

  override get identity(): MemberIdentity {
    return {
      memberId: this.#memberId,
      generation: this.#generation,
      instanceId: this.options.instanceId ?? null,
    };
  }

  /** Whether it led the last round: then it watches the group's topics. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  override get wakeAtMs(): number {
    switch (this.#phase) {
      case 'waiting':
        return Math.min(this.#retryAtMs, this.lapsesAtMs);
      case 'stable':
      case 'revoking':
      case 'closing':
        return Math.min(this.isAsking ? Infinity : this.beatAtMs, this.lapsesAtMs);
      default:
        return Infinity;
    }
  }

  /** In these phases it beats, and a failed ask is a failed beat. */
  get #isMember(): boolean {
    return this.#phase === 'stable' || this.#phase === 'revoking' || this.#phase === 'closing';
  }

  protected override take(input: Input): void {
    switch (input.kind) {
      case 'start':
        this.lastContactMs = input.nowMs;
        this.#join('the member starts');
        break;
      case 'wake':
        this.#woken(input.nowMs);
        break;
      case 'answered':
        if (!this.isCurrent(input.id)) return;
        this.lastContactMs = input.nowMs;
        this.#answered(input.reply, input.nowMs);
        break;
      case 'failed':
        if (!this.isCurrent(input.id)) return;
        this.#failed(input.error, input.nowMs);
        break;
      case 'released':
        this.#released(input.revocation);
        break;
      case 'changed':
        this.#changed(input.reason);
        break;
      case 'fenced':
        if (input.generation !== this.#generation || !this.#isMember) return;
        if (verdictOf(input.error) === 'final') this.#fail(input.error);
        else this.#fenced(input.error, input.nowMs);
        break;
      case 'close':
        this.#close(input.nowMs);
        break;
    }
  }

  #woken(nowMs: number): void {
    if (nowMs >= this.lapsesAtMs) return this.#lapsed(nowMs);
    if (this.#phase === 'waiting' && nowMs >= this.#retryAtMs) {
      return this.#join(this.#rejoinReason ?? 'tries again');
    }
    if (this.#isMember && !this.isAsking && nowMs >= this.beatAtMs) this.#beat();
  }

  #beat(): void {
    this.ask({
      api: 'heartbeat',
      memberId: this.#memberId,
      generation: this.#generation,
      timeoutMs: Math.max(this.options.heartbeatMs, Math.floor(this.options.sessionTimeoutMs / 3)),
    });
  }

  /** Lets go of everything first when the group is eager. */
  #join(reason: string): void {
    this.#rejoinReason = reason;
    if (!this.options.isCooperative && !this.ownership.isEmpty) {
      this.#heldBefore = this.ownership.held;
      this.#phase = 'revoking';
      this.#letGo(this.ownership.revokeAll());
      return;
    }
    this.#sendJoin();
  }

  /** At once, but with pauses when one round after the other fails: a broker that ends each is no hot loop. */
  #joinAgain(reason: string, nowMs: number): void {
    this.#failedRounds += 1;
    if (this.#failedRounds <= FREE_ROUNDS) return this.#join(reason);
    this.#rejoinReason = reason;
    this.#phase = 'waiting';
    this.#retryAtMs = nowMs + this.backoff.next();
  }

  #sendJoin(): void {
    const reason = this.#rejoinReason ?? '';
    this.#rejoinReason = undefined;
    this.#phase = 'joining';
    this.#isLeader = false;
    this.ask({
      api: 'join',
      memberId: this.#memberId,
      generation: this.#heldGeneration,
      owned: this.ownership.held,
      held: this.options.isCooperative ? this.ownership.held : this.#heldBefore,
      reason,
      timeoutMs: this.options.rebalanceTimeoutMs + JOIN_LAPSE_MS,
    });
  }

  #answered(reply: ClassicReply, nowMs: number): void {
    switch (reply.api) {
      case 'join':
        return this.#joined(reply, nowMs);
      case 'assign':
        return this.#sync(reply.assignments);
      case 'sync':
        return this.#synced(reply.assigned, nowMs);
      case 'heartbeat':
        this.beatAtMs = nowMs + this.options.heartbeatMs;
        this.backoff.reset();
        if (this.#phase === 'stable') this.lastTrouble = undefined;
        return;
      case 'leave':
        return this.#end();
    }
  }

  #joined(reply: Extract<ClassicReply, { api: 'join' }>, nowMs: number): void {
    this.#memberId = reply.memberId;
    if (reply.isIdOnly) return this.#joinAgain('it has its id now', nowMs);
    this.#generation = reply.generation;
    this.#protocolName = reply.protocolName;
    this.#isLeader = reply.leader === reply.memberId;
    if (!this.#isLeader || reply.skipAssignment) return this.#sync([]);
    this.#phase = 'assigning';
    this.ask({ api: 'assign', protocolName: reply.protocolName, peers: reply.peers });
  }

  #sync(assignments: Extract<ClassicReply, { api: 'assign' }>['assignments']): void {
    this.#phase = 'syncing';
    this.ask({
      api: 'sync',
      memberId: this.#memberId,
      generation: this.#generation,
      protocolName: this.#protocolName,
      assignments,
      timeoutMs: this.options.rebalanceTimeoutMs + JOIN_LAPSE_MS,
    });
  }

  #synced(assigned: readonly TopicPartition[], nowMs: number): void {
    this.#phase = 'stable';
    this.lastTrouble = undefined;
    this.#hadAssignment = true;
    this.backoff.reset();
    this.#failedRounds = 0;
    this.beatAtMs = nowMs + this.options.heartbeatMs;
    this.#heldGeneration = this.#generation;
    this.#heldBefore = [];
    const { added, revoked } = this.ownership.assign(assigned);
    this.effects.push({ kind: 'assigned', partitions: added, isRound: true });
    this.#letGo(revoked);
    if (this.#rejoinReason !== undefined) this.#join(this.#rejoinReason);
  }

  #letGo(partitions: readonly TopicPartition[]): void {
    this.revoke(partitions);
    if (!this.ownership.isReleasing) this.#releasedAll();
  }

  #released(revocation: number): void {
    const wasReleasing = this.ownership.isReleasing;
    const returned = this.ownership.released(revocation);
    if (returned.length > 0) this.effects.push({ kind: 'assigned', partitions: returned, isRound: false });
    if (!wasReleasing || this.ownership.isReleasing) return;
    if (this.#phase === 'revoking' || this.#phase === 'closing') return this.#releasedAll();
    // Now others may have what was let go of (KIP-429).
    if (!this.ownership.isSettled || returned.length === 0) this.#changed('partitions were let go of');
  }

  #releasedAll(): void {
    if (this.#phase === 'revoking') this.#sendJoin();
    else if (this.#phase === 'closing') this.#leave();
  }

  #changed(reason: string): void {
    if (this.#phase === 'stable') this.#join(reason);
    else if (this.#phase === 'joining' || this.#phase === 'assigning' || this.#phase === 'syncing') {
      this.#rejoinReason = reason;
    }
  }

  #failed(error: KafkaError, nowMs: number): void {
    if (this.#phase === 'leaving') return this.#end();
    const verdict = verdictOf(error);
    if (verdict !== 'rebalance') this.lastTrouble = error;
    switch (verdict) {
      case 'final':
        return this.#fail(error);
      case 'fenced':
        return this.#fenced(error, nowMs);
      case 'rebalance':
        return this.#rebalances(nowMs);
      case 'elsewhere':
        this.effects.push({ kind: 'forgetCoordinator' });
        return this.#again(nowMs, this.backoff.next());
      case 'again':
        return this.#again(nowMs, this.backoff.next());
      case 'refused':
        return this.#again(nowMs, Math.max(REFUSED_PAUSE_MS, this.backoff.next()));
    }
  }

  /** The coordinator answered: that counts as contact. */
  #rebalances(nowMs: number): void {
    this.lastContactMs = nowMs;
    this.beatAtMs = nowMs + this.options.heartbeatMs;
    if (this.#phase === 'revoking' || this.#phase === 'closing') return;
    this.#joinAgain('the group shares anew', nowMs);
  }

  /** A beat that failed is repeated soon; a round that failed begins again. */
  #again(nowMs: number, pauseMs: number): void {
    if (this.#isMember) {
      this.beatAtMs = nowMs + pauseMs;
      return;
    }
    this.#phase = 'waiting';
    this.#retryAtMs = nowMs + pauseMs;
  }

  /** The group goes on without this member as it was: what it held is somebody else's. */
  #fenced(error: KafkaError, nowMs: number): void {
    this.lastTrouble = error;
    this.lose();
    if (error.code !== 'ILLEGAL_GENERATION') this.#memberId = '';
    if (this.#phase === 'closing') return this.#end();
    this.#joinAgain(`it was fenced: ${error.code}`, nowMs);
  }

  #lapsed(nowMs: number): void {
    this.loseForSilence(nowMs);
    if (this.#phase === 'closing') return this.#end();
    this.isAsking = false;
    this.#phase = 'waiting';
    this.#retryAtMs = nowMs + this.backoff.next();
  }

  protected override lose(): void {
    this.#heldBefore = [];
    this.#generation = -1;
    this.#heldGeneration = -1;
    this.loseHeld();
  }

  #fail(error: KafkaError): void {
    this.lose();
    if (this.#phase === 'closing') return this.#end();
    this.#phase = 'failed';
    this.effects.push({ kind: 'failed', error });
  }

  #close(nowMs: number): void {
    if (this.#phase === 'closing' || this.#phase === 'leaving') return;
    if (this.#phase === 'idle') return this.#end();
    // What is asked may be parked for minutes. A beat that is under way is not: its answer is not needed any more.
    this.isAsking = false;
    if (this.#phase === 'joining' || this.#phase === 'syncing') this.effects.push({ kind: 'breakOff' });
    this.#phase = 'closing';
    this.beatAtMs = nowMs + this.options.heartbeatMs;
    this.#letGo(this.ownership.revokeAll());
  }

  /** Static members do not leave: they come back, or their session ends (KIP-345). */
  #leave(): void {
    if (this.options.instanceId !== undefined || this.#memberId === '') return this.#end();
    this.#phase = 'leaving';
    this.ask({ api: 'leave', memberId: this.#memberId });
  }

  #end(): void {
    this.#phase = 'closed';
    this.#generation = -1;
    this.effects.push({ kind: 'left' });
  }
}

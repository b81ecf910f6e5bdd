import type { Uuid } from '@trunkline/kernel';
import { KafkaError } from '../error.js';
import type { ConsumerAsk, ConsumerReply } from './consumer-asks.js';
import { type MemberIdentity, type MemberState, type MembershipInput, verdictOf } from './membership.js';
import { type MembershipOptions, MembershipMachine } from './membership-machine.js';
import type { TopicPartition } from '../topic-partition.js';

/** What the machine must know of the settings. */
export interface ConsumerMembershipOptions extends MembershipOptions {
  /** Made by the client (KIP-1082); brokers of version 0 of the API give another. */
  readonly memberId: Uuid;
}

/** Assignments between two heartbeats that are acknowledged at once. */
const HURRIED_MAX = 8;
/** Heartbeats half a second apart of a member that has nothing to read yet, before it falls into the broker's step. */
const EMPTY_BEATS_MAX = 8;
/** An interval outside of these is not what a broker can mean. */
const HEARTBEAT_MS_MIN = 500;
const HEARTBEAT_MS_MAX = 60_000;
/** The pause before a try that helps only when somebody has changed something, ms. */
const REFUSED_PAUSE_MS = 5_000;
/** Until the broker has said how often, ms (Kafka's default). */
const FIRST_HEARTBEAT_MS = 5_000;
const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
/** A static member that comes back. */
const LEAVE_FOR_A_WHILE_EPOCH = -2;

type Phase = 'idle' | 'joining' | 'member' | 'closing' | 'leaving' | 'closed' | 'failed';
type Input = MembershipInput<ConsumerReply>;

/**
 * A member of a group of the consumer protocol (KIP-848): the broker assigns, and the member reconciles: lets go of what
 * was taken, acknowledges, and is given what others have let go of. Nobody ever stops for the whole group. Pure.
 */
export class ConsumerMembership extends MembershipMachine<ConsumerAsk, ConsumerReply> {
  /** Heartbeats that did not wait for their time, since the last that did. */
  #hurried = 0;
  #phase: Phase = 'idle';
  #memberId: string;
  #epoch = 0;
  #heartbeatMs = FIRST_HEARTBEAT_MS;
  #hadAssignment = false;
  #mustTellAll = true;
  /** An assignment was taken in and is not acknowledged yet. */
  #mustAcknowledge = false;
  #isComplete = true;
  #emptyBeats = 0;

  constructor(private readonly options: ConsumerMembershipOptions) {
    super(options);
    this.#memberId = options.memberId;
  }

  override get state(): MemberState {
    if (this.#phase === 'closed' || this.#phase === 'failed') return this.#phase;
    if (!this.#hadAssignment) return 'joining';
    return this.#phase === 'member' && !this.#mustAcknowledge && !this.ownership.isReleasing ? 'stable' : 'rebalancing';
  }

  override get identity(): MemberIdentity {
    const generation = this.#epoch > 0 ? this.#epoch : -1;
    return { memberId: this.#memberId, generation, instanceId: this.options.instanceId ?? null };
  }

  /** Brokers lead these groups. */
  get isLeader(): boolean {
    return false;
  }

  override get wakeAtMs(): number {
    if (this.#phase !== 'joining' && this.#phase !== 'member' && this.#phase !== 'closing') return Infinity;
    return Math.min(this.isAsking ? Infinity : this.beatAtMs, this.lapsesAtMs);
  }

  protected override take(input: Input): void {
    switch (input.kind) {
      case 'start':
        this.lastContactMs = input.nowMs;
        this.#join();
        break;
      case 'wake':
        if (input.nowMs >= this.lapsesAtMs) this.#lapsed(input.nowMs);
        else if (!this.isAsking && input.nowMs >= this.beatAtMs) {
          this.#hurried = 0;
          this.#beat();
        }
        break;
      case 'answered':
        if (!this.isCurrent(input.id)) return;
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
        this.#mustTellAll = true;
        if (this.#phase === 'member' && !this.isAsking) this.#beat();
        break;
      case 'fenced':
        if (input.generation !== this.#epoch || this.#phase !== 'member') return;
        if (verdictOf(input.error) === 'final') this.#fail(input.error);
        else this.#fenced(input.error, input.nowMs);
        break;
      case 'close':
        this.#close(input.nowMs);
        break;
    }
  }

  #join(): void {
    this.#phase = 'joining';
    this.#epoch = JOIN_EPOCH;
    this.#mustTellAll = true;
    this.#mustAcknowledge = false;
    this.#emptyBeats = 0;
    this.#beat();
  }

  #beat(): void {
    const acknowledges = this.#mustAcknowledge && this.#isReconciled;
    const owned = this.#mustTellAll || acknowledges ? this.ownership.held : null;
    if (acknowledges) this.#mustAcknowledge = false;
    this.#heartbeat(this.#epoch, this.#mustTellAll, owned);
  }

  #heartbeat(epoch: number, isFull: boolean, owned: readonly TopicPartition[] | null): void {
    const timeoutMs = Math.ceil(this.options.sessionTimeoutMs / 3);
    this.ask({ memberId: this.#memberId, epoch, isFull, owned, timeoutMs });
  }

  get #isReconciled(): boolean {
    return this.#isComplete && this.ownership.isSettled;
  }

  #answered(reply: ConsumerReply, nowMs: number): void {
    if (this.#phase === 'leaving') return this.#end();
    this.lastContactMs = nowMs;
    this.backoff.reset();
    this.lastTrouble = undefined;
    this.#mustTellAll = false;
    this.#memberId = reply.memberId ?? this.#memberId;
    this.#epoch = reply.epoch;
    this.#heartbeatMs = Math.min(Math.max(reply.heartbeatMs, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX);
    this.beatAtMs = nowMs + this.#heartbeatMs;
    if (this.#phase === 'closing') return;
    this.#phase = 'member';
    if (reply.assigned !== null) this.#reconcile(reply.assigned, reply.isComplete);
    this.#acknowledge();
    this.#hurryFor(reply, nowMs);
  }

  /** A broker shares some time after a member has come: who has nothing yet asks sooner, a few times. */
  #hurryFor({ assigned }: ConsumerReply, nowMs: number): void {
    if (!this.ownership.isEmpty || (assigned !== null && assigned.length > 0)) return void (this.#emptyBeats = 0);
    if (this.#emptyBeats >= EMPTY_BEATS_MAX) return;
    this.#emptyBeats += 1;
    this.beatAtMs = Math.min(this.beatAtMs, nowMs + HEARTBEAT_MS_MIN);
  }

  #reconcile(assigned: readonly TopicPartition[], isComplete: boolean): void {
    this.#hadAssignment = true;
    this.#isComplete = isComplete;
    this.#mustAcknowledge = true;
    const { added, revoked } = this.ownership.assign(assigned);
    this.effects.push({ kind: 'assigned', partitions: added, isRound: true });
    this.revoke(revoked);
  }

  /** At once: others wait for it. But one who assigns with every answer waits for the next heartbeat. */
  #acknowledge(): void {
    if (this.#phase !== 'member' || !this.#mustAcknowledge || !this.#isReconciled || this.isAsking) return;
    if (this.#hurried >= HURRIED_MAX) return;
    this.#hurried += 1;
    this.#beat();
  }

  #released(revocation: number): void {
    const returned = this.ownership.released(revocation);
    if (returned.length > 0) this.effects.push({ kind: 'assigned', partitions: returned, isRound: false });
    if (this.#phase === 'closing' && !this.ownership.isReleasing) this.#leave();
    else this.#acknowledge();
  }

  #failed(error: KafkaError, nowMs: number): void {
    if (this.#phase === 'leaving') return this.#end();
    this.lastTrouble = error;
    // Whether it arrived is not known: the next one tells everything.
    this.#mustTellAll = true;
    switch (verdictOf(error)) {
      case 'final':
        return this.#fail(error);
      case 'fenced':
        return this.#fenced(error, nowMs);
      case 'elsewhere':
        this.effects.push({ kind: 'forgetCoordinator' });
        this.beatAtMs = nowMs + this.backoff.next();
        return;
      case 'refused':
        this.beatAtMs = nowMs + Math.max(REFUSED_PAUSE_MS, this.backoff.next());
        return;
      case 'again':
      case 'rebalance':
        this.beatAtMs = nowMs + this.backoff.next();
        return;
    }
  }

  /** It keeps its id and begins anew. Who is fenced already while joining waits: that does not help at once. */
  #fenced(error: KafkaError, nowMs: number): void {
    this.lastTrouble = error;
    const wasJoining = this.#phase === 'joining';
    this.lose();
    if (this.#phase === 'closing') return this.#end();
    if (!wasJoining) return this.#join();
    this.beatAtMs = nowMs + this.backoff.next();
  }

  #lapsed(nowMs: number): void {
    this.loseForSilence(nowMs);
    if (this.#phase === 'closing') return this.#end();
    this.#join();
  }

  protected override lose(): void {
    this.#epoch = JOIN_EPOCH;
    this.#mustAcknowledge = false;
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
    this.#phase = 'closing';
    this.isAsking = false;
    this.beatAtMs = nowMs + this.#heartbeatMs;
    this.revoke(this.ownership.revokeAll());
    if (!this.ownership.isReleasing) this.#leave();
  }

  /** Also when it does not know whether its join arrived: the member id is its own. */
  #leave(): void {
    this.#phase = 'leaving';
    this.#heartbeat(this.options.instanceId === undefined ? LEAVE_EPOCH : LEAVE_FOR_A_WHILE_EPOCH, false, null);
  }

  #end(): void {
    this.#phase = 'closed';
    this.#epoch = JOIN_EPOCH;
    this.effects.push({ kind: 'left' });
  }
}

import type { Uuid } from '@trunkline/kernel';
import { Backoff } from '../backoff.js';
import { KafkaError } from '../error.js';
import type { ConsumerAsk, ConsumerReply } from './consumer-asks.js';
import {
  type MemberIdentity,
  type MemberState,
  type Membership,
  type MembershipEffect,
  type MembershipInput,
  verdictOf,
} from './membership.js';
import { Ownership } from './ownership.js';
import type { TopicPartition } from '../topic-partition.js';

/** What the machine must know of the settings. */
export interface ConsumerMembershipOptions {
  readonly groupId: string;
  /** Made by the client (KIP-1082); brokers of version 0 of the API give another. */
  readonly memberId: Uuid;
  readonly instanceId: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
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
type Effect = MembershipEffect<ConsumerAsk>;
type Input = MembershipInput<ConsumerReply>;

/**
 * A member of a group of the consumer protocol (KIP-848): the broker assigns, and the member reconciles: lets go of what
 * was taken, acknowledges, and is given what others have let go of. Nobody ever stops for the whole group. Pure.
 */
export class ConsumerMembership implements Membership<ConsumerAsk, ConsumerReply> {
  readonly #ownership = new Ownership();
  readonly #backoff: Backoff;
  /** Heartbeats that did not wait for their time, since the last that did. */
  #hurried = 0;
  #effects: Effect[] = [];
  #phase: Phase = 'idle';
  #memberId: string;
  #epoch = 0;
  #heartbeatMs = FIRST_HEARTBEAT_MS;
  #hadAssignment = false;
  #trouble: KafkaError | undefined;
  #asks = 0;
  #asking = false;
  #mustTellAll = true;
  /** An assignment was taken in and is not acknowledged yet. */
  #mustAcknowledge = false;
  #isComplete = true;
  #lastContactMs = 0;
  #beatAtMs = Infinity;
  #emptyBeats = 0;

  constructor(private readonly options: ConsumerMembershipOptions) {
    this.#memberId = options.memberId;
    this.#backoff = new Backoff(options.retryBackoffMs, options.retryBackoffMaxMs);
  }

  get state(): MemberState {
    if (this.#phase === 'closed' || this.#phase === 'failed') return this.#phase;
    if (!this.#hadAssignment) return 'joining';
    return this.#phase === 'member' && !this.#mustAcknowledge && !this.#ownership.isReleasing
      ? 'stable'
      : 'rebalancing';
  }

  get identity(): MemberIdentity {
    const generation = this.#epoch > 0 ? this.#epoch : -1;
    return { memberId: this.#memberId, generation, instanceId: this.options.instanceId ?? null };
  }

  get held(): readonly TopicPartition[] {
    return this.#ownership.held;
  }

  /** Brokers lead these groups. */
  get isLeader(): boolean {
    return false;
  }

  get trouble(): KafkaError | undefined {
    return this.#trouble;
  }

  get wakeAtMs(): number {
    if (this.#phase !== 'joining' && this.#phase !== 'member' && this.#phase !== 'closing') return Infinity;
    return Math.min(this.#asking ? Infinity : this.#beatAtMs, this.#lapsesAtMs);
  }

  step(input: Input): readonly Effect[] {
    this.#effects = [];
    if (this.#phase !== 'closed' && this.#phase !== 'failed') this.#take(input);
    return this.#effects;
  }

  #take(input: Input): void {
    switch (input.kind) {
      case 'start':
        this.#lastContactMs = input.nowMs;
        this.#join();
        break;
      case 'wake':
        if (input.nowMs >= this.#lapsesAtMs) this.#lapsed(input.nowMs);
        else if (!this.#asking && input.nowMs >= this.#beatAtMs) {
          this.#hurried = 0;
          this.#beat();
        }
        break;
      case 'answered':
        if (!this.#isCurrent(input.id)) return;
        this.#answered(input.reply, input.nowMs);
        break;
      case 'failed':
        if (!this.#isCurrent(input.id)) return;
        this.#failed(input.error, input.nowMs);
        break;
      case 'released':
        this.#released(input.revocation);
        break;
      case 'changed':
        this.#mustTellAll = true;
        if (this.#phase === 'member' && !this.#asking) this.#beat();
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

  #isCurrent(id: number): boolean {
    if (!this.#asking || id !== this.#asks) return false;
    this.#asking = false;
    return true;
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
    const owned = this.#mustTellAll || acknowledges ? this.#ownership.held : null;
    if (acknowledges) this.#mustAcknowledge = false;
    this.#ask(this.#epoch, this.#mustTellAll, owned);
  }

  #ask(epoch: number, isFull: boolean, owned: readonly TopicPartition[] | null): void {
    this.#asks += 1;
    this.#asking = true;
    const timeoutMs = Math.ceil(this.options.sessionTimeoutMs / 3);
    this.#effects.push({
      kind: 'ask',
      id: this.#asks,
      ask: { memberId: this.#memberId, epoch, isFull, owned, timeoutMs },
    });
  }

  get #isReconciled(): boolean {
    return this.#isComplete && this.#ownership.isSettled;
  }

  #answered(reply: ConsumerReply, nowMs: number): void {
    if (this.#phase === 'leaving') return this.#end();
    this.#lastContactMs = nowMs;
    this.#backoff.reset();
    this.#trouble = undefined;
    this.#mustTellAll = false;
    this.#memberId = reply.memberId ?? this.#memberId;
    this.#epoch = reply.epoch;
    this.#heartbeatMs = Math.min(Math.max(reply.heartbeatMs, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX);
    this.#beatAtMs = nowMs + this.#heartbeatMs;
    if (this.#phase === 'closing') return;
    this.#phase = 'member';
    if (reply.assigned !== null) this.#reconcile(reply.assigned, reply.isComplete);
    this.#acknowledge();
    this.#hurryFor(reply, nowMs);
  }

  /** A broker shares some time after a member has come: who has nothing yet asks sooner, a few times. */
  #hurryFor({ assigned }: ConsumerReply, nowMs: number): void {
    if (!this.#ownership.isEmpty || (assigned !== null && assigned.length > 0)) return void (this.#emptyBeats = 0);
    if (this.#emptyBeats >= EMPTY_BEATS_MAX) return;
    this.#emptyBeats += 1;
    this.#beatAtMs = Math.min(this.#beatAtMs, nowMs + HEARTBEAT_MS_MIN);
  }

  #reconcile(assigned: readonly TopicPartition[], isComplete: boolean): void {
    this.#hadAssignment = true;
    this.#isComplete = isComplete;
    this.#mustAcknowledge = true;
    const { added, revoked } = this.#ownership.assign(assigned);
    this.#effects.push({ kind: 'assigned', partitions: added, isRound: true });
    this.#revoke(revoked);
  }

  /** At once: others wait for it. But one who assigns with every answer waits for the next heartbeat. */
  #acknowledge(): void {
    if (this.#phase !== 'member' || !this.#mustAcknowledge || !this.#isReconciled || this.#asking) return;
    if (this.#hurried >= HURRIED_MAX) return;
    this.#hurried += 1;
    this.#beat();
  }

  #revoke(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0) return;
    this.#effects.push({ kind: 'revoke', revocation: this.#ownership.revocation, partitions });
  }

  #released(revocation: number): void {
    const returned = this.#ownership.released(revocation);
    if (returned.length > 0) this.#effects.push({ kind: 'assigned', partitions: returned, isRound: false });
    if (this.#phase === 'closing' && !this.#ownership.isReleasing) this.#leave();
    else this.#acknowledge();
  }

  #failed(error: KafkaError, nowMs: number): void {
    if (this.#phase === 'leaving') return this.#end();
    this.#trouble = error;
    // Whether it arrived is not known: the next one tells everything.
    this.#mustTellAll = true;
    switch (verdictOf(error)) {
      case 'final':
        return this.#fail(error);
      case 'fenced':
        return this.#fenced(error, nowMs);
      case 'elsewhere':
        this.#effects.push({ kind: 'forgetCoordinator' });
        this.#beatAtMs = nowMs + this.#backoff.next();
        return;
      case 'refused':
        this.#beatAtMs = nowMs + Math.max(REFUSED_PAUSE_MS, this.#backoff.next());
        return;
      case 'again':
      case 'rebalance':
        this.#beatAtMs = nowMs + this.#backoff.next();
        return;
    }
  }

  /** It keeps its id and begins anew. Who is fenced already while joining waits: that does not help at once. */
  #fenced(error: KafkaError, nowMs: number): void {
    this.#trouble = error;
    const wasJoining = this.#phase === 'joining';
    this.#lose();
    if (this.#phase === 'closing') return this.#end();
    if (!wasJoining) return this.#join();
    this.#beatAtMs = nowMs + this.#backoff.next();
  }

  #lapsed(nowMs: number): void {
    const silentMs = nowMs - this.#lastContactMs;
    this.#trouble = new KafkaError('TIMED_OUT', `no word from the coordinator for ${silentMs} ms`, {
      about: `group ${this.options.groupId}`,
      ...(this.#trouble !== undefined && { cause: this.#trouble }),
    });
    this.#lose();
    this.#effects.push({ kind: 'forgetCoordinator' });
    if (this.#phase === 'closing') return this.#end();
    this.#join();
  }

  #lose(): void {
    const lost = this.#ownership.lose();
    this.#epoch = JOIN_EPOCH;
    this.#mustAcknowledge = false;
    if (lost.length > 0) this.#effects.push({ kind: 'lost', partitions: lost });
  }

  #fail(error: KafkaError): void {
    this.#lose();
    if (this.#phase === 'closing') return this.#end();
    this.#phase = 'failed';
    this.#effects.push({ kind: 'failed', error });
  }

  #close(nowMs: number): void {
    if (this.#phase === 'closing' || this.#phase === 'leaving') return;
    if (this.#phase === 'idle') return this.#end();
    this.#phase = 'closing';
    this.#asking = false;
    this.#beatAtMs = nowMs + this.#heartbeatMs;
    this.#revoke(this.#ownership.revokeAll());
    if (!this.#ownership.isReleasing) this.#leave();
  }

  /** Also when it does not know whether its join arrived: the member id is its own. */
  #leave(): void {
    this.#phase = 'leaving';
    this.#ask(this.options.instanceId === undefined ? LEAVE_EPOCH : LEAVE_FOR_A_WHILE_EPOCH, false, null);
  }

  #end(): void {
    this.#phase = 'closed';
    this.#epoch = JOIN_EPOCH;
    this.#effects.push({ kind: 'left' });
  }

  get #lapsesAtMs(): number {
    return this.#ownership.isEmpty ? Infinity : this.#lastContactMs + this.options.sessionTimeoutMs;
  }
}

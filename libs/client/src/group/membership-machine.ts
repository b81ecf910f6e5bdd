import { Backoff } from '../backoff.js';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { MemberIdentity, MemberState, Membership, MembershipEffect, MembershipInput } from './membership.js';
import { Ownership } from './ownership.js';

/** What every membership must know of the settings. */
export interface MembershipOptions {
  readonly groupId: string;
  readonly instanceId: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

/** What both protocols' members have in common: what they hold, one ask at a time, and the end of a session. Pure. */
export abstract class MembershipMachine<Ask, Reply> implements Membership<Ask, Reply> {
  protected readonly ownership = new Ownership();
  protected readonly backoff: Backoff;
  protected effects: MembershipEffect<Ask>[] = [];
  protected lastTrouble: KafkaError | undefined;
  protected isAsking = false;
  protected lastContactMs = 0;
  protected beatAtMs = Infinity;
  #asks = 0;

  constructor(private readonly membershipOptions: MembershipOptions) {
    this.backoff = new Backoff(membershipOptions.retryBackoffMs, membershipOptions.retryBackoffMaxMs);
  }

  abstract get state(): MemberState;
  abstract get identity(): MemberIdentity;
  abstract get wakeAtMs(): number;

  get held(): readonly TopicPartition[] {
    return this.ownership.held;
  }

  get trouble(): KafkaError | undefined {
    return this.lastTrouble;
  }

  step(input: MembershipInput<Reply>): readonly MembershipEffect<Ask>[] {
    this.effects = [];
    if (this.state !== 'closed' && this.state !== 'failed') this.take(input);
    return this.effects;
  }

  protected abstract take(input: MembershipInput<Reply>): void;
  protected abstract lose(): void;

  /** Whether this ends the ask that is under way; then none is. */
  protected isCurrent(id: number): boolean {
    if (!this.isAsking || id !== this.#asks) return false;
    this.isAsking = false;
    return true;
  }

  protected ask(ask: Ask): void {
    this.#asks += 1;
    this.isAsking = true;
    this.effects.push({ kind: 'ask', id: this.#asks, ask });
  }

  protected revoke(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0) return;
    this.effects.push({ kind: 'revoke', revocation: this.ownership.revocation, partitions });
  }

  /** Nothing is held any more, and its owner hears of it. */
  protected loseHeld(): void {
    const lost = this.ownership.lose();
    if (lost.length > 0) this.effects.push({ kind: 'lost', partitions: lost });
  }

  /** The session is over, for want of a word from the coordinator; another is looked for. */
  protected loseForSilence(nowMs: number): void {
    const silentMs = nowMs - this.lastContactMs;
    this.lastTrouble = new KafkaError('TIMED_OUT', `no word from the coordinator for ${silentMs} ms`, {
      about: `group ${this.membershipOptions.groupId}`,
      ...(this.lastTrouble !== undefined && { cause: this.lastTrouble }),
    });
    this.lose();
    this.effects.push({ kind: 'forgetCoordinator' });
  }

  /** Only a member can lapse: what it holds may be given to others when its session has ended there. */
  protected get lapsesAtMs(): number {
    return this.ownership.isEmpty ? Infinity : this.lastContactMs + this.membershipOptions.sessionTimeoutMs;
  }
}

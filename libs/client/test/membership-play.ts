import { KafkaError, type KafkaErrorName } from '../src/error.js';
import type { Membership, MembershipEffect, MembershipInput } from '../src/group/membership.js';
import { nameOfPartition } from '../src/topic-partition.js';

/** Plays a member's life by hand: every step gives back, as text, what its machine wants. */
export class MembershipPlay<Ask, Reply, Machine extends Membership<Ask, Reply>> {
  nowMs = 0;
  /** Of the revocation that was last asked for. */
  revocation = 0;
  readonly #toldAsk: (ask: Ask) => string;
  #lastId = 0;

  constructor(
    readonly machine: Machine,
    toldAsk: (ask: Ask) => string,
  ) {
    this.#toldAsk = toldAsk;
  }

  start(): string[] {
    return this.step({ kind: 'start', nowMs: this.nowMs });
  }
  /** The last ask is answered. */
  answered(reply: Reply): string[] {
    return this.step({ kind: 'answered', nowMs: this.nowMs, id: this.#lastId, reply });
  }
  refused(code: KafkaErrorName): string[] {
    return this.step({ kind: 'failed', nowMs: this.nowMs, id: this.#lastId, error: new KafkaError(code, 'refused') });
  }
  released(revocation = this.revocation): string[] {
    return this.step({ kind: 'released', nowMs: this.nowMs, revocation });
  }
  changed(): string[] {
    return this.step({ kind: 'changed', nowMs: this.nowMs, reason: 'growth' });
  }
  close(): string[] {
    return this.step({ kind: 'close', nowMs: this.nowMs });
  }
  fencedAt(generation: number, code: KafkaErrorName): string[] {
    return this.step({ kind: 'fenced', nowMs: this.nowMs, generation, error: new KafkaError(code, 'refused') });
  }
  /** Lets time pass up to where the machine wants to be woken. */
  wake(): string[] {
    this.nowMs = this.machine.wakeAtMs;
    return this.step({ kind: 'wake', nowMs: this.nowMs });
  }

  step(input: MembershipInput<Reply>): string[] {
    return this.machine.step(input).map((effect) => {
      if (effect.kind === 'ask') this.#lastId = effect.id;
      if (effect.kind === 'revoke') this.revocation = effect.revocation;
      return this.#told(effect);
    });
  }

  #told(effect: MembershipEffect<Ask>): string {
    switch (effect.kind) {
      case 'ask':
        return this.#toldAsk(effect.ask);
      case 'assigned':
      case 'revoke':
      case 'lost':
        return `${effect.kind} ${effect.partitions.map(nameOfPartition).join(' ') || 'nothing'}`;
      case 'failed':
        return `failed ${effect.error.code}`;
      default:
        return effect.kind;
    }
  }
}

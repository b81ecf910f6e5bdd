import { type Timer, asError } from '@trunkline/kernel';
import type { Cluster, Lane } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { Membership, MembershipEffect, MembershipInput } from './membership.js';
import type { TopicPartition } from '../topic-partition.js';

/** Who holds a membership, and is told of what it has and has not. Called one at a time, never from inside of `close`. */
export interface MembershipOwner {
  assigned(partitions: readonly TopicPartition[], isRound: boolean): void;
  /** Lets go; resolves when it is done or takes too long. Never rejects. */
  revoke(partitions: readonly TopicPartition[]): Promise<void>;
  lost(partitions: readonly TopicPartition[]): void;
  /** It is over; with an error when nobody asked for that. */
  ended(error: KafkaError | undefined): void;
  /** After each step: state and identity may have changed. */
  stepped(): void;
}

/** Performs what a membership's machine wants: asks, timers, calls to the owner. Decides nothing. */
export class MembershipShell<Ask, Reply> {
  #timer: Timer | undefined;
  #isOver = false;
  #inputs: MembershipInput<Reply>[] = [];
  #isStepping = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly groupId: string,
    private readonly machine: Membership<Ask, Reply>,
    private readonly asker: { ask(ask: Ask): Promise<Reply> },
    private readonly owner: MembershipOwner,
    private readonly lane: Lane,
  ) {}

  get nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }

  /** An input that comes out of a step's own effects waits until the step is done. */
  step(input: MembershipInput<Reply>): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      for (const effect of this.machine.step(next)) this.#perform(effect);
      this.owner.stepped();
    }
    this.#isStepping = false;
    this.#wind();
  }

  /** The end, in whatever state: nothing is asked or heard any more. */
  abandon(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.cluster.closeLane(this.lane);
  }

  #perform(effect: MembershipEffect<Ask>): void {
    switch (effect.kind) {
      case 'ask':
        void this.#ask(effect.id, effect.ask);
        break;
      case 'forgetCoordinator':
        this.cluster.forgetCoordinator('group', this.groupId);
        break;
      case 'breakOff':
        this.cluster.closeLane(this.lane);
        break;
      case 'assigned':
        this.owner.assigned(effect.partitions, effect.isRound);
        break;
      case 'revoke':
        void this.#revoke(effect.revocation, effect.partitions);
        break;
      case 'lost':
        this.owner.lost(effect.partitions);
        break;
      case 'failed':
        this.abandon();
        this.owner.ended(effect.error);
        break;
      case 'left':
        this.abandon();
        this.owner.ended(undefined);
        break;
    }
  }

  async #ask(id: number, ask: Ask): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.asker.ask(ask);
    } catch (reason) {
      // Not of ours: a custom assignor threw, or a blob could not be read.
      const detail = asError(reason).message;
      const error =
        reason instanceof KafkaError ? reason : new KafkaError('UNKNOWN_SERVER_ERROR', detail, { cause: reason });
      if (!this.#isOver) this.step({ kind: 'failed', nowMs: this.nowMs, id, error });
      return;
    }
    if (!this.#isOver) this.step({ kind: 'answered', nowMs: this.nowMs, id, reply });
  }

  async #revoke(revocation: number, partitions: readonly TopicPartition[]): Promise<void> {
    await this.owner.revoke(partitions);
    if (!this.#isOver) this.step({ kind: 'released', nowMs: this.nowMs, revocation });
  }

  #wind(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { wakeAtMs } = this.machine;
    if (this.#isOver || wakeAtMs === Infinity) return;
    this.#timer = this.cluster.after(Math.max(0, wakeAtMs - this.nowMs), () =>
      this.step({ kind: 'wake', nowMs: this.nowMs }),
    );
  }
}

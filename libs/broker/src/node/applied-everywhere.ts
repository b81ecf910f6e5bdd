import type { Clock, NodeId } from '@trunkline/kernel';
import type { BrokerLiveness, MetadataImage } from '@trunkline/metadata';

interface Waiting {
  /** The last offset that has to be applied. */
  readonly offset: number;
  readonly done: () => void;
}

/**
 * Lets the answer to a change wait until every live broker has applied it, so that a client's next request finds it at
 * whichever broker it asks (semantics, item 202). Best effort: who is silent, or slow, is not waited for longer than a
 * limit.
 */
export class AppliedEverywhere {
  readonly #waiting = new Set<Waiting>();

  constructor(
    private readonly self: NodeId,
    private readonly clock: Clock,
    private readonly image: () => MetadataImage,
  ) {}

  /** Resolves when live brokers have applied everything below `endOffset`, or after `limitMs`. */
  wait(endOffset: number, liveness: BrokerLiveness, limitMs: number): Promise<void> {
    if (this.#isApplied(endOffset - 1, liveness)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting: Waiting = {
        offset: endOffset - 1,
        done: () => {
          late.cancel();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      const late = this.clock.after(limitMs, waiting.done);
      this.#waiting.add(waiting);
    });
  }

  /** Somebody applied more, or is not to be waited for any more. */
  look(liveness: BrokerLiveness): void {
    for (const waiting of this.#waiting) if (this.#isApplied(waiting.offset, liveness)) waiting.done();
  }

  /** This node decides no more: nobody is waited for. */
  giveUp(): void {
    for (const waiting of this.#waiting) waiting.done();
  }

  #isApplied(offset: number, liveness: BrokerLiveness): boolean {
    for (const { id, fenced } of this.image().brokers.values()) {
      if (fenced || id === this.self || liveness.isSuspect(id)) continue;
      if (liveness.metadataOffset(id) < offset) return false;
    }
    return true;
  }
}

import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

/** What changes for who reads. */
export interface OwnershipChange {
  /** To be read from now on. */
  readonly added: readonly TopicPartition[];
  /** To be let go of; still held until {@link Ownership.released} says that it is done. */
  readonly revoked: readonly TopicPartition[];
}

/**
 * What a member reads, what it is letting go of, and what it was given last. Pure.
 *
 * A partition that is being let go of is held until it is released: nobody else may get it before. One that is given
 * again meanwhile is added anew once it is released.
 */
export class Ownership {
  #target = new Map<string, TopicPartition>();
  readonly #held = new Map<string, TopicPartition>();
  /** By name, the number of the revocation that it belongs to: a late release of an earlier one says nothing. */
  readonly #releasing = new Map<string, number>();
  #revocations = 0;

  /** Everything that is held, what is being let go of included. */
  get held(): readonly TopicPartition[] {
    return [...this.#held.values()];
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get isReleasing(): boolean {
    return this.#releasing.size > 0;
  }

  /** The number of the last revocation, to be given back with {@link released}. */
  get revocation(): number {
    return this.#revocations;
  }

  has(partition: TopicPartition): boolean {
    return this.#held.has(nameOfPartition(partition));
  }

  /** Whether exactly what was given is held, and nothing is being let go of. */
  get isSettled(): boolean {
    if (this.isReleasing || this.#held.size !== this.#target.size) return false;
    for (const name of this.#target.keys()) if (!this.#held.has(name)) return false;
    return true;
  }

  assign(target: readonly TopicPartition[]): OwnershipChange {
    this.#target = new Map(target.map((partition) => [nameOfPartition(partition), partition]));
    const added: TopicPartition[] = [];
    for (const [name, partition] of this.#target) {
      if (this.#held.has(name)) continue;
      this.#held.set(name, partition);
      added.push(partition);
    }
    return { added, revoked: this.#revoke((name) => !this.#target.has(name)) };
  }

  /** Lets go of everything; nothing is given any more. */
  revokeAll(): readonly TopicPartition[] {
    this.#target.clear();
    return this.#revoke(() => true);
  }

  /** Somebody is done with what `revocation` took away. Returns what has been given again meanwhile. */
  released(revocation: number): readonly TopicPartition[] {
    const returned: TopicPartition[] = [];
    for (const [name, number] of this.#releasing) {
      if (number !== revocation) continue;
      this.#releasing.delete(name);
      const again = this.#target.get(name);
      if (again === undefined) this.#held.delete(name);
      else returned.push(again);
    }
    return returned;
  }

  /** It is no member any more: nothing is held. Returns what was, what was being let go of included. */
  lose(): readonly TopicPartition[] {
    const lost = this.held;
    this.#held.clear();
    this.#target.clear();
    this.#releasing.clear();
    return lost;
  }

  #revoke(isTaken: (name: string) => boolean): readonly TopicPartition[] {
    const revoked: TopicPartition[] = [];
    this.#revocations += 1;
    for (const [name, partition] of this.#held) {
      if (this.#releasing.has(name) || !isTaken(name)) continue;
      this.#releasing.set(name, this.#revocations);
      revoked.push(partition);
    }
    return revoked;
  }
}

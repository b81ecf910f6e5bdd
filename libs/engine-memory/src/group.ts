import { Lane } from '@trunkline/kernel';
import type { MemoryPartition } from './partition.js';
import type { MemoryStore } from './store.js';

/** A subscription as its group sees it. */
export interface Member {
  readonly channels: readonly string[];
  /** Reads a partition from an offset. */
  take(partition: MemoryPartition, offset: number): void;
  /** Lets what runs finish, stops reading. What was acknowledged is committed when it resolves. */
  give(partition: MemoryPartition): Promise<void>;
}

/** Joins and leaves that may wait for one another. */
const CHANGES_MAX = 10_000;

/** Members share the partitions of their channels; each partition is with one of them. */
export class MemoryGroup {
  readonly #members: Member[] = [];
  readonly #committed = new Map<MemoryPartition, number>();
  readonly #owners = new Map<MemoryPartition, Member>();
  readonly #changes: Lane;

  constructor(
    readonly name: string,
    readonly store: MemoryStore,
  ) {
    this.#changes = new Lane(`group ${name}`, CHANGES_MAX);
  }

  /** Where the group goes on in a partition. */
  committed(partition: MemoryPartition): number {
    return Math.max(this.#committed.get(partition) ?? 0, partition.startOffset);
  }

  commit(partition: MemoryPartition, offset: number): void {
    if (offset > (this.#committed.get(partition) ?? 0)) this.#committed.set(partition, offset);
  }

  /** Takes a member in. Partitions that are with others move when their handlers are through, after this call. */
  join(member: Member, from: 'earliest' | 'latest'): void {
    for (const partition of this.#partitionsOf(member)) {
      if (this.#committed.has(partition)) continue;
      this.#committed.set(partition, from === 'earliest' ? partition.startOffset : partition.endOffset);
    }
    this.#members.push(member);
    this.#rebalance();
  }

  /** Lets a member go; it has given nothing back yet, and reads nothing any more. */
  leave(member: Member): void {
    const at = this.#members.indexOf(member);
    if (at !== -1) this.#members.splice(at, 1);
    this.#rebalance();
  }

  #rebalance(): void {
    void this.#changes.run(async () => {
      const wanted = this.#assignment();
      const moving = [...this.#owners].filter(([partition, owner]) => wanted.get(partition) !== owner);
      await Promise.all(
        moving.map(async ([partition, owner]) => {
          await owner.give(partition);
          this.#owners.delete(partition);
        }),
      );
      for (const [partition, member] of wanted) {
        if (this.#owners.has(partition) || !this.#members.includes(member)) continue;
        this.#owners.set(partition, member);
        member.take(partition, this.committed(partition));
      }
    });
  }

  /** Each channel's partitions in turn to those who subscribe to it, in the order in which they joined. */
  #assignment(): ReadonlyMap<MemoryPartition, Member> {
    const wanted = new Map<MemoryPartition, Member>();
    for (const channel of new Set(this.#members.flatMap(({ channels }) => channels))) {
      const readers = this.#members.filter(({ channels }) => channels.includes(channel));
      for (const partition of this.store.partitionsOf(channel)) {
        const reader = readers[partition.index % readers.length];
        if (reader !== undefined) wanted.set(partition, reader);
      }
    }
    return wanted;
  }

  #partitionsOf({ channels }: Member): readonly MemoryPartition[] {
    return channels.flatMap((channel) => this.store.partitionsOf(channel));
  }
}

import { type GroupPeer, inOrder, topicsOf } from './assignor.js';
import { type ShareView, bringNear } from './bring-near.js';
import { type IsNear, type RacksOf, nearnessFor, noRacks } from './racks.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

/**
 * Who owned each partition, by partition name. Two that claim the same: the one with the later generation; in the same
 * generation neither, since no coordinator gave it to both (as Java decides it).
 */
export function ownersOf(
  peers: readonly GroupPeer[],
  partitionsOf: (topic: string) => number,
): Map<string, string | undefined> {
  const claims = new Map<string, { readonly memberId: string | undefined; readonly generation: number }>();
  for (const { memberId, owned, generation } of peers) {
    for (const partition of owned) {
      if (partition.partition < 0 || partition.partition >= partitionsOf(partition.topic)) continue;
      const name = nameOfPartition(partition);
      const other = claims.get(name);
      if (other === undefined || other.generation < generation) claims.set(name, { memberId, generation });
      else if (other.generation === generation) claims.set(name, { memberId: undefined, generation });
    }
  }
  return new Map([...claims].map(([name, { memberId }]) => [name, memberId]));
}

/**
 * Shares partitions as evenly as the subscriptions allow, and moves as few as that takes from who owned them. Where racks
 * make a difference (KIP-881), evenness comes first, then that members read what is near to them, then that few move.
 * Every partition that somebody subscribes to is given to exactly one member.
 */
export function shareSticky(
  peers: readonly GroupPeer[],
  partitionsOf: (topic: string) => number,
  racksOf: RacksOf = noRacks,
): Map<string, TopicPartition[]> {
  const members = inOrder(peers);
  const table = new ShareTable(members, topicsOf(members), partitionsOf);
  const owners = ownersOf(members, partitionsOf);
  const isNear = nearnessFor(members, partitionsOf, racksOf);
  const unowned = table.keep(owners);
  const others = isNear === undefined ? unowned : table.giveNear(unowned, isNear);
  for (const partition of others) table.giveToLeastLoaded(partition);
  table.balance();
  if (isNear !== undefined) bringNear(table, isNear);
  return table.result();
}

/** Who has how much of what. Members and topics by their numbers, so that a search costs no strings. */
class ShareTable implements ShareView {
  readonly #memberIndex = new Map<string, number>();
  readonly #subscribers = new Map<string, number[]>();
  readonly #loads: number[];
  /** By member, by topic: its partitions. The last one given is the first one taken away. */
  readonly #held: Map<string, number[]>[];

  constructor(
    readonly members: readonly GroupPeer[],
    private readonly topics: readonly string[],
    private readonly partitionsOf: (topic: string) => number,
  ) {
    members.forEach(({ memberId }, index) => this.#memberIndex.set(memberId, index));
    for (const topic of topics) this.#subscribers.set(topic, []);
    members.forEach((member, index) => {
      for (const topic of new Set(member.topics)) this.#subscribers.get(topic)?.push(index);
    });
    this.#loads = members.map(() => 0);
    this.#held = members.map(() => new Map());
  }

  /** Leaves each partition with its owner where that one still subscribes to it. Returns the others. */
  keep(owners: ReadonlyMap<string, string | undefined>): TopicPartition[] {
    const unowned: TopicPartition[] = [];
    for (const topic of this.topics) {
      const subscribers = new Set(this.#subscribers.get(topic));
      for (let partition = 0; partition < this.partitionsOf(topic); partition++) {
        const owner = owners.get(nameOfPartition({ topic, partition }));
        const index = owner === undefined ? undefined : this.#memberIndex.get(owner);
        if (index !== undefined && subscribers.has(index)) this.#give(index, topic, partition);
        else unowned.push({ topic, partition });
      }
    }
    return unowned;
  }

  /** Gives what somebody near may have without having more than the average. Returns the others. */
  giveNear(partitions: readonly TopicPartition[], isNear: IsNear): TopicPartition[] {
    const count = this.topics.reduce((sum, topic) => sum + this.partitionsOf(topic), 0);
    const average = Math.ceil(count / this.members.length);
    return partitions.filter(({ topic, partition }) => {
      let least: number | undefined;
      for (const index of this.subscribersOf(topic)) {
        if (this.#loads[index]! >= (least === undefined ? average : this.#loads[least]!)) continue;
        if (isNear(this.members[index]!, topic, partition)) least = index;
      }
      if (least !== undefined) this.#give(least, topic, partition);
      return least === undefined;
    });
  }

  giveToLeastLoaded({ topic, partition }: TopicPartition): void {
    const subscribers = this.#subscribers.get(topic) ?? [];
    let least = subscribers[0];
    if (least === undefined) return;
    for (const index of subscribers) if (this.#loads[index]! < this.#loads[least]!) least = index;
    this.#give(least, topic, partition);
  }

  /**
   * Moves partitions, along chains of members where it must, until no chain leads from a member to one with at least two
   * less: then no share is more even. A member that no such chain leaves never gains one later, so each is searched once
   * more only after it has changed.
   */
  balance(): void {
    const heaviestFirst = this.members.map((_, index) => index);
    for (;;) {
      heaviestFirst.sort((left, right) => this.#loads[right]! - this.#loads[left]!);
      if (!heaviestFirst.some((from) => this.#lighten(from))) return;
    }
  }

  loadOf(member: number): number {
    return this.#loads[member]!;
  }

  heldBy(member: number): ReadonlyMap<string, readonly number[]> {
    return this.#held[member]!;
  }

  subscribersOf(topic: string): readonly number[] {
    return this.#subscribers.get(topic) ?? [];
  }

  move(from: number, to: number, { topic, partition }: TopicPartition): void {
    const indexes = this.#held[from]!.get(topic)!;
    indexes.splice(indexes.indexOf(partition), 1);
    this.#loads[from]! -= 1;
    this.#give(to, topic, partition);
  }

  result(): Map<string, TopicPartition[]> {
    return new Map(
      this.members.map(({ memberId }, index) => {
        const mine: TopicPartition[] = [];
        for (const topic of this.topics) {
          const indexes = this.#held[index]!.get(topic) ?? [];
          for (const partition of indexes.toSorted((left, right) => left - right)) mine.push({ topic, partition });
        }
        return [memberId, mine];
      }),
    );
  }

  /** Breadth first, so that the shortest chain is found: it moves the fewest. */
  #lighten(from: number): boolean {
    const load = this.#loads[from]!;
    const cameFrom = new Map<number, { readonly member: number; readonly topic: string }>();
    const reached = new Set([from]);
    let row = [from];
    while (row.length > 0 && reached.size < this.members.length) {
      let best: number | undefined;
      const next: number[] = [];
      for (const member of row) {
        for (const [topic, indexes] of this.#held[member]!) {
          if (indexes.length === 0) continue;
          for (const other of this.#subscribers.get(topic) ?? []) {
            if (reached.has(other)) continue;
            reached.add(other);
            cameFrom.set(other, { member, topic });
            next.push(other);
            if (best === undefined || this.#loads[other]! < this.#loads[best]!) best = other;
          }
        }
      }
      if (best !== undefined && this.#loads[best]! + 2 <= load) {
        this.#move(from, best, cameFrom);
        return true;
      }
      row = next;
    }
    return false;
  }

  #move(from: number, to: number, cameFrom: ReadonlyMap<number, { member: number; topic: string }>): void {
    for (let at = to; at !== from;) {
      const { member, topic } = cameFrom.get(at)!;
      this.#give(at, topic, this.#held[member]!.get(topic)!.pop()!);
      this.#loads[member]! -= 1;
      at = member;
    }
  }

  #give(index: number, topic: string, partition: number): void {
    const held = this.#held[index]!;
    const indexes = held.get(topic);
    if (indexes === undefined) held.set(topic, [partition]);
    else indexes.push(partition);
    this.#loads[index]! += 1;
  }
}

import type { TopicPartition } from '../topic-partition.js';
import { type Assignor, type GroupPeer, inOrder, topicsOf } from './assignor.js';
import { type IsNear, nearBy, noRacks, racksMatter } from './racks.js';

/**
 * Kafka's `range`: each topic by itself in contiguous runs, the first members one more. Where members tell racks and
 * those make a difference (KIP-881), members get partitions near to them first, and topics of as many partitions with the
 * same members stay aligned as far as they can. Equal to Java's.
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  protocol: 'eager',
  assign(peers, partitionsOf, racksOf = noRacks) {
    const members = inOrder(peers);
    const shares = topicsOf(members).map((topic) => {
      const subscribers = members.filter(({ topics }) => topics.includes(topic));
      const needsRacks = racksMatter(subscribers, [topic], partitionsOf, racksOf);
      return new TopicShare(topic, partitionsOf(topic), subscribers, needsRacks);
    });
    if (shares.some(({ needsRacks }) => needsRacks)) giveNear(shares, nearBy(racksOf));
    for (const share of shares) share.giveRanges(() => true);
    return new Map(
      members.map(({ memberId }) => [
        memberId,
        shares.flatMap((share) => share.of(memberId).toSorted((left, right) => left.partition - right.partition)),
      ]),
    );
  },
};

/** Topics that have the same members and as many partitions are shared together, so that equal partitions meet. */
function giveNear(shares: readonly TopicShare[], isNear: IsNear): void {
  const alike = new Map<string, TopicShare[]>();
  for (const share of shares) {
    const kind = JSON.stringify([share.count, ...share.subscribers.map(({ memberId }) => memberId)]);
    const others = alike.get(kind);
    if (others === undefined) alike.set(kind, [share]);
    else others.push(share);
  }
  for (const together of alike.values()) {
    const [first] = together;
    if (together.length > 1) giveAligned(together, isNear);
    else if (first?.needsRacks === true) first.giveRanges((peer, partition) => isNear(peer, first.topic, partition));
  }
}

function giveAligned(together: readonly TopicShare[], isNear: IsNear): void {
  const { count, subscribers } = together[0]!;
  const open = new Set(subscribers);
  for (let partition = 0; partition < count && open.size > 0; partition++) {
    for (const peer of open) {
      if (!together.every((share) => share.room(peer) > 0 && isNear(peer, share.topic, partition))) continue;
      for (const share of together) share.give(peer, [partition]);
      if (together.every((share) => share.room(peer) === 0)) open.delete(peer);
      break;
    }
  }
}

/** One topic while it is shared out. */
class TopicShare {
  readonly #unassigned = new Set<number>();
  readonly #given = new Map<string, number[]>();
  readonly #each: number;
  #extra: number;

  constructor(
    readonly topic: string,
    readonly count: number,
    readonly subscribers: readonly GroupPeer[],
    readonly needsRacks: boolean,
  ) {
    for (let partition = 0; partition < count; partition++) this.#unassigned.add(partition);
    this.#each = Math.floor(count / subscribers.length);
    this.#extra = count % subscribers.length;
  }

  of(memberId: string): TopicPartition[] {
    return (this.#given.get(memberId) ?? []).map((partition) => ({ topic: this.topic, partition }));
  }

  /** How many more a member may have now. */
  room({ memberId }: GroupPeer): number {
    const max = this.#each + (this.#extra > 0 ? 1 : 0);
    return Math.max(0, max - (this.#given.get(memberId)?.length ?? 0));
  }

  give({ memberId }: GroupPeer, partitions: readonly number[]): void {
    const all = [...(this.#given.get(memberId) ?? []), ...partitions];
    this.#given.set(memberId, all);
    if (all.length > this.#each) this.#extra -= 1;
    for (const partition of partitions) this.#unassigned.delete(partition);
  }

  giveRanges(mayHave: (peer: GroupPeer, partition: number) => boolean): void {
    for (const peer of this.subscribers) {
      const room = this.room(peer);
      const partitions: number[] = [];
      for (const partition of this.#unassigned) {
        if (partitions.length === room) break;
        if (mayHave(peer, partition)) partitions.push(partition);
      }
      if (partitions.length > 0) this.give(peer, partitions);
    }
  }
}

import { ApiError, type NodeId, type Random } from '@trunkline/kernel';
import type { BrokerImage, PartitionImage } from './image.js';

/** New partitions of a topic, and what there is already. */
export interface PlacementRequest {
  /** Those that may be given replicas; fenced ones too, which come last. */
  readonly brokers: readonly BrokerImage[];
  /** What they have been given; the new partitions are counted in. */
  readonly load: Load;
  /** The partitions that the topic has already. */
  readonly existing: readonly PartitionImage[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

/** What each broker has been given: of one topic, or of all. */
export class Load {
  readonly #leaders = new Map<NodeId, number>();
  readonly #replicas = new Map<NodeId, number>();
  /** Partitions by their first replica and one of the others. */
  readonly #pairs = new Map<string, number>();

  copy(): Load {
    const copy = new Load();
    for (const [id, leaders] of this.#leaders) copy.#leaders.set(id, leaders);
    for (const [id, replicas] of this.#replicas) copy.#replicas.set(id, replicas);
    for (const [pair, shared] of this.#pairs) copy.#pairs.set(pair, shared);
    return copy;
  }

  /** Counts a partition in, or out again with -1. */
  add([leader, ...followers]: readonly NodeId[], by: 1 | -1 = 1): void {
    if (leader === undefined) return;
    count(this.#leaders, leader, by);
    count(this.#replicas, leader, by);
    for (const id of followers) {
      count(this.#replicas, id, by);
      count(this.#pairs, pairOf(leader, id), by);
    }
  }

  leaders(id: NodeId): number {
    return this.#leaders.get(id) ?? 0;
  }

  replicas(id: NodeId): number {
    return this.#replicas.get(id) ?? 0;
  }

  shared(leader: NodeId, follower: NodeId): number {
    return this.#pairs.get(pairOf(leader, follower)) ?? 0;
  }
}

/**
 * Chooses brokers for new partitions. The first replica of each is its preferred leader: of the brokers that are up, the
 * one with the fewest of this topic, then of all topics. The others go to racks that have none of the partition yet,
 * then to brokers that are up, then to those with the least load, and with the fewest of the same leader: what one broker
 * leads is shared among all others when it dies. Dice decide what is even.
 *
 * Throws INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas are wanted, or none is up.
 */
export function placeReplicas(request: PlacementRequest, random: Random): readonly (readonly NodeId[])[] {
  const { brokers, load, existing, partitionCount, replicationFactor } = request;
  if (replicationFactor > brokers.length) {
    const why = `Replication factor ${replicationFactor} is larger than the number of brokers, ${brokers.length}`;
    throw new ApiError('INVALID_REPLICATION_FACTOR', why);
  }
  const inTurn = shuffled(brokers, random);
  if (inTurn.every(({ fenced }) => fenced)) throw new ApiError('INVALID_REPLICATION_FACTOR', 'No broker is up');
  const ofTopic = new Load();
  for (const { replicas } of existing) ofTopic.add(replicas);
  return Array.from({ length: partitionCount }, () => {
    const replicas = placeOne(inTurn, replicationFactor, ofTopic, load);
    ofTopic.add(replicas);
    load.add(replicas);
    return replicas;
  });
}

function placeOne(
  brokers: readonly BrokerImage[],
  replicationFactor: number,
  ofTopic: Load,
  ofAll: Load,
): readonly NodeId[] {
  const leader = least(brokers, ({ id, fenced }) => [
    Number(fenced),
    ofTopic.leaders(id),
    ofTopic.replicas(id),
    ofAll.leaders(id),
    ofAll.replicas(id),
  ]);
  const chosen = [leader];
  while (chosen.length < replicationFactor) {
    const left = brokers.filter((broker) => !chosen.includes(broker));
    const next = least(left, ({ id, rack, fenced }) => [
      chosen.filter((other) => other.rack === rack).length,
      Number(fenced),
      ofTopic.replicas(id),
      ofTopic.shared(leader.id, id),
      ofAll.shared(leader.id, id),
      ofAll.replicas(id),
    ]);
    chosen.push(next);
  }
  return chosen.map(({ id }) => id);
}

/** The first with the least rank; ranks are compared place by place. */
function least(brokers: readonly BrokerImage[], rankOf: (broker: BrokerImage) => readonly number[]): BrokerImage {
  const ranked = brokers.map((broker) => ({ broker, rank: rankOf(broker) }));
  return ranked.reduce((best, one) => (isLess(one.rank, best.rank) ? one : best)).broker;
}

function isLess(left: readonly number[], right: readonly number[]): boolean {
  const place = left.findIndex((value, index) => value !== right[index]);
  return place !== -1 && (left[place] ?? 0) < (right[place] ?? 0);
}

function shuffled<T>(values: readonly T[], random: Random): readonly T[] {
  const left = [...values];
  return values.flatMap(() => left.splice(random.below(left.length), 1));
}

function count<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}

function pairOf(leader: NodeId, follower: NodeId): string {
  return `${leader}:${follower}`;
}

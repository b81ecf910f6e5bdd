import { type GroupPeer, topicsOf } from './assignor.js';

/** The racks of the brokers that hold replicas of a partition; empty where they are not known. */
export type RacksOf = (topic: string, partition: number) => ReadonlySet<string>;

const NONE: ReadonlySet<string> = new Set();

export const noRacks: RacksOf = () => NONE;

/** Says whether a member reads a partition near to it: it told no rack, or there is a replica in its rack. */
export type IsNear = (peer: GroupPeer, topic: string, partition: number) => boolean;

export function nearBy(racksOf: RacksOf): IsNear {
  return ({ rack }, topic, partition) => isNowhere(rack) || racksOf(topic, partition).has(rack);
}

/**
 * Whether racks make a difference for these topics (KIP-881): some member is in a rack with replicas, and not every
 * partition has replicas in all racks. As Java's `useRackAwareAssignment`.
 */
export function racksMatter(
  peers: readonly GroupPeer[],
  topics: readonly string[],
  partitionsOf: (topic: string) => number,
  racksOf: RacksOf,
): boolean {
  const own = new Set(peers.map(({ rack }) => rack).filter((rack) => !isNowhere(rack)));
  if (own.size === 0) return false;
  const all = new Set<string>();
  const sets: ReadonlySet<string>[] = [];
  for (const topic of topics) {
    for (let partition = 0; partition < partitionsOf(topic); partition++) {
      const racks = racksOf(topic, partition);
      sets.push(racks);
      for (const rack of racks) all.add(rack);
    }
  }
  return [...all].some((rack) => own.has(rack)) && sets.some(({ size }) => size < all.size);
}

/** {@link nearBy} where racks make a difference for all that the members subscribe to; else undefined. */
export function nearnessFor(
  peers: readonly GroupPeer[],
  partitionsOf: (topic: string) => number,
  racksOf: RacksOf,
): IsNear | undefined {
  return racksMatter(peers, topicsOf(peers), partitionsOf, racksOf) ? nearBy(racksOf) : undefined;
}

function isNowhere(rack: string | undefined): rack is undefined {
  return rack === undefined || rack === '';
}

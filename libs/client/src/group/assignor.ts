import type { TopicPartition } from '../topic-partition.js';
import type { RacksOf } from './racks.js';

/** A member of a group, as its leader knows it from JoinGroup. */
export interface GroupPeer {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly topics: readonly string[];
  /** What it says to read now. Empty with eager members: they have let go of everything before they join. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it got what it owns; -1: none, or not told. */
  readonly generation: number;
  /** What the member's assignor of the same name put beside its subscription. */
  readonly userData: Uint8Array | null;
}

/** What a member knows of itself when it joins. */
export interface OwnStanding {
  readonly topics: readonly string[];
  /** What it reads now (cooperative), or read until it let go of it for this join (eager). */
  readonly held: readonly TopicPartition[];
  readonly generation: number;
}

/** Which partitions each member reads from now on, by member id; a member that is left out reads none. */
export type GroupAssignment = ReadonlyMap<string, readonly TopicPartition[]>;

/**
 * Shares partitions among the members of a classic group; the group's leader runs it. Pure and repeatable.
 *
 * A custom one is any object of this shape; every member of the group must know it by its `name`.
 */
export interface Assignor {
  /** As it stands in JoinGroup. Members of other clients know `range`, `roundrobin`, `sticky`, `cooperative-sticky`. */
  readonly name: string;
  /**
   * `eager`: members let go of everything before they join. `cooperative` (KIP-429): they keep reading, and the
   * assignor gives nobody what another still owns.
   */
  readonly protocol: 'eager' | 'cooperative';
  /** What goes beside the subscription. Left out: nothing. */
  userData?(own: OwnStanding): Uint8Array | null;
  /**
   * `partitionsOf`: how many partitions a topic has; 0 for a topic that is not there. `racksOf`: where the replicas of a
   * partition are (KIP-881); left out, or empty: not known.
   */
  assign(peers: readonly GroupPeer[], partitionsOf: (topic: string) => number, racksOf?: RacksOf): GroupAssignment;
}

/** The order in which Java's assignors go through members: static ones first, by instance id; then by member id. */
export function inOrder(peers: readonly GroupPeer[]): GroupPeer[] {
  return peers.toSorted((left, right) => {
    if (left.instanceId !== undefined && right.instanceId !== undefined) {
      return compare(left.instanceId, right.instanceId);
    }
    if (left.instanceId !== undefined) return -1;
    if (right.instanceId !== undefined) return 1;
    return compare(left.memberId, right.memberId);
  });
}

/** The topics that anybody subscribes to, sorted as Java sorts strings: by UTF-16 units. */
export function topicsOf(peers: readonly GroupPeer[]): string[] {
  return [...new Set(peers.flatMap(({ topics }) => topics))].toSorted(compare);
}

export function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

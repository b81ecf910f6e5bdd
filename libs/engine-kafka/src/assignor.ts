import { type TopicPartition, nameOfPartition } from './topic-partition.js';
import type { MemberSubscription } from './wire/group-protocol.js';

/** A member of a group, as its leader knows it. */
export interface GroupPeer extends MemberSubscription {
  readonly memberId: string;
}

/**
 * Shares partitions among members, as evenly as their topics allow, moving as few as it can (cooperative, KIP-429): what
 * another member still reads is given to nobody in this round; its owner lets go of it first and joins again.
 */
export function assign(
  peers: readonly GroupPeer[],
  partitionsOf: (topic: string) => number,
): Map<string, TopicPartition[]> {
  const members = peers.toSorted((left, right) => (left.memberId < right.memberId ? -1 : 1));
  const partitions = partitionsWanted(members, partitionsOf);
  const ownerBefore = ownersOf(members);
  const target = shareOut(members, partitions, ownerBefore);
  const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  for (const partition of partitions) {
    const name = nameOfPartition(partition);
    const owner = target.get(name);
    const before = ownerBefore.get(name);
    if (owner !== undefined && (before === undefined || before === owner)) assignment.get(owner)?.push(partition);
  }
  return assignment;
}

function partitionsWanted(members: readonly GroupPeer[], partitionsOf: (topic: string) => number): TopicPartition[] {
  const topics = [...new Set(members.flatMap((member) => member.topics))].toSorted();
  return topics.flatMap((topic) =>
    Array.from({ length: partitionsOf(topic) }, (_, partition): TopicPartition => ({ topic, partition })),
  );
}

/** Who reads what now. Two that claim the same: the one with the later generation does. */
function ownersOf(members: readonly GroupPeer[]): Map<string, string> {
  const owners = new Map<string, GroupPeer>();
  for (const member of members) {
    for (const partition of member.owned) {
      const name = nameOfPartition(partition);
      const other = owners.get(name);
      if (other === undefined || other.generation < member.generation) owners.set(name, member);
    }
  }
  return new Map([...owners].map(([name, { memberId }]) => [name, memberId]));
}

function shareOut(
  members: readonly GroupPeer[],
  partitions: readonly TopicPartition[],
  ownerBefore: ReadonlyMap<string, string>,
): Map<string, string> {
  const target = new Map<string, string>();
  const loads = new Map<string, number>(members.map(({ memberId }) => [memberId, 0]));
  const loadOf = (memberId: string): number => loads.get(memberId) ?? 0;
  const give = (name: string, memberId: string): void => {
    target.set(name, memberId);
    loads.set(memberId, loadOf(memberId) + 1);
  };
  const subscribers = (topic: string): readonly string[] =>
    members.filter(({ topics }) => topics.includes(topic)).map(({ memberId }) => memberId);
  const share = Math.floor(partitions.length / Math.max(1, members.length));
  let extra = partitions.length - share * members.length;
  for (const { topic, partition } of partitions) {
    const name = nameOfPartition({ topic, partition });
    const before = ownerBefore.get(name);
    if (before === undefined || !subscribers(topic).includes(before)) continue;
    if (loadOf(before) < share) give(name, before);
    else if (loadOf(before) === share && extra > 0) {
      extra -= 1;
      give(name, before);
    }
  }
  for (const { topic, partition } of partitions) {
    const name = nameOfPartition({ topic, partition });
    if (target.has(name)) continue;
    const [first, ...rest] = subscribers(topic);
    if (first === undefined) continue;
    give(
      name,
      rest.reduce((least, memberId) => (loadOf(memberId) < loadOf(least) ? memberId : least), first),
    );
  }
  return target;
}

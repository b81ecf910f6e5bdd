import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { Assignor, GroupPeer } from './assignor.js';
import type { ClassicAsk, ClassicReply, JoinedPeer } from './classic-asks.js';
import type { RacksOf } from './racks.js';
import { type TopicPartition, asTopicArray, fromTopicArray } from '../topic-partition.js';

/** The newest version of both blobs; readers of older clients take of it what they know. */
const BLOB_VERSION = 3;

/** What a member brings to JoinGroup: its subscription once for each assignor, the preferred first. */
export function protocolsOf(
  assignors: readonly Assignor[],
  topics: readonly string[],
  rack: string | undefined,
  { owned, held, generation }: Pick<Extract<ClassicAsk, { api: 'join' }>, 'owned' | 'held' | 'generation'>,
): { name: string; metadata: Uint8Array }[] {
  return assignors.map((assignor) => ({
    name: assignor.name,
    metadata: encodeSubscription(BLOB_VERSION, {
      topics,
      userData: assignor.userData?.({ topics, held, generation }) ?? null,
      ownedPartitions: asTopicArray(owned),
      generationId: generation,
      rackId: rack ?? null,
    }),
  }));
}

/** The members of a group as an assignor sees them. One whose subscription cannot be read subscribes to nothing. */
export function peersOf(joined: readonly JoinedPeer[]): GroupPeer[] {
  return joined.map(({ memberId, groupInstanceId, metadata }) => {
    const instanceId = groupInstanceId ?? undefined;
    try {
      const { topics, ownedPartitions, generationId, rackId, userData } = decodeSubscription(metadata);
      const owned = fromTopicArray(ownedPartitions);
      return { memberId, instanceId, topics, owned, generation: generationId, rack: rackId ?? undefined, userData };
    } catch {
      return { memberId, instanceId, topics: [], owned: [], generation: -1, rack: undefined, userData: null };
    }
  });
}

/** What the leader of a group shares out. */
export interface TopicsToShare {
  readonly partitionsOf: (topic: string) => number;
  readonly racksOf: RacksOf;
}

/** Runs the assignor that the group has agreed upon. Throws INCONSISTENT_GROUP_PROTOCOL when it is none of ours. */
export function shareOut(
  assignors: readonly Assignor[],
  protocolName: string,
  peers: readonly GroupPeer[],
  { partitionsOf, racksOf }: TopicsToShare,
): Extract<ClassicReply, { api: 'assign' }>['assignments'] {
  const assignor = assignors.find(({ name }) => name === protocolName);
  if (assignor === undefined) {
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `the group has agreed upon ${protocolName}`, {
      advice: `this member knows ${assignors.map(({ name }) => name).join(', ')}`,
    });
  }
  const assignment = assignor.assign(peers, partitionsOf, racksOf);
  return peers.map(({ memberId }) => ({
    memberId,
    assignment: encodeAssignment(BLOB_VERSION, { assignedPartitions: asTopicArray(assignment.get(memberId) ?? []) }),
  }));
}

/** What SyncGroup answered. No bytes: nothing was given (the group's leader did not know this member). */
export function assignedIn(assignment: Uint8Array): TopicPartition[] {
  return assignment.byteLength === 0 ? [] : fromTopicArray(decodeAssignment(assignment).assignedPartitions);
}

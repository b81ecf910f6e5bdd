import { ApiError, type NodeId, type Random, type Uuid } from '@trunkline/kernel';
import type { Brokers } from './brokers.js';
import { directoryOfNew } from './directories.js';
import type { TopicImage } from './image.js';
import { NO_LEADER } from './partition-changes.js';
import { placeReplicas, type Load } from './placement.js';
import { LEADER_RECOVERY_STATES, type MetadataRecord, type PartitionRecord } from './records.js';

/** A topic that somebody wants. */
export interface NewTopic {
  readonly name: string;
  /** -1: the default. Must be -1 with `assignments`. */
  readonly partitionCount: number;
  /** -1: the default. Must be -1 with `assignments`. */
  readonly replicationFactor: number;
  /** The replicas of each partition, when the caller places them himself; else empty. */
  readonly assignments: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
  /** In the order of the request; null asks for the default. */
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

/** What there is where a topic shall go. */
export interface Surroundings {
  readonly brokers: Brokers;
  /** What the brokers have been given; the new partitions are counted in. */
  readonly load: Load;
  readonly random: Random;
}

/** The replicas of each partition, index by index: as told, or chosen here. Throws the ApiErrors of CreateTopics. */
export function placementOf(
  topic: NewTopic,
  defaults: { readonly partitionCount: number; readonly replicationFactor: number },
  { brokers, load, random }: Surroundings,
  partitionsLeft: number,
): readonly (readonly NodeId[])[] {
  if (topic.assignments.length > 0) return manualPlacement(topic, brokers);
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    throw new ApiError('INVALID_REPLICATION_FACTOR', 'Replication factor must be 1 or more, or -1 for the default');
  }
  if (topic.partitionCount < -1 || topic.partitionCount === 0) {
    throw new ApiError('INVALID_PARTITIONS', 'Number of partitions must be 1 or more, or -1 for the default');
  }
  const partitionCount = topic.partitionCount === -1 ? defaults.partitionCount : topic.partitionCount;
  const replicationFactor = topic.replicationFactor === -1 ? defaults.replicationFactor : topic.replicationFactor;
  refuseTooMany(partitionCount, partitionsLeft);
  const wanted = { brokers: brokers.usable, load, existing: [], partitionCount, replicationFactor };
  return placeReplicas(wanted, random);
}

/** Throws POLICY_VIOLATION when the cluster would hold more than `max.partitions`. */
export function refuseTooMany(wanted: number, left: number): void {
  if (wanted <= left) return;
  throw new ApiError(
    'POLICY_VIOLATION',
    `${wanted} more partitions would be over max.partitions; ${Math.max(left, 0)} are left`,
  );
}

function manualPlacement(topic: NewTopic, brokers: Brokers): readonly (readonly NodeId[])[] {
  if (topic.replicationFactor !== -1) {
    throw new ApiError('INVALID_REQUEST', 'With assignments the replication factor must be -1');
  }
  if (topic.partitionCount !== -1) {
    throw new ApiError('INVALID_REQUEST', 'With assignments the number of partitions must be -1');
  }
  const byIndex = new Map(topic.assignments.map(({ partitionIndex, brokerIds }) => [partitionIndex, brokerIds]));
  if (byIndex.size < topic.assignments.length) {
    throw new ApiError('INVALID_REPLICA_ASSIGNMENT', 'A partition is assigned twice');
  }
  const rows = Array.from({ length: byIndex.size }, (_, index) => byIndex.get(index));
  const placement = rows.map((brokerIds, index) => {
    if (brokerIds !== undefined) return checkedReplicas(brokerIds, brokers, index);
    throw new ApiError(
      'INVALID_REPLICA_ASSIGNMENT',
      `Partitions must be numbered from 0 without gaps; ${index} is missing`,
    );
  });
  refuseUneven(placement, placement[0]?.length ?? 0);
  return placement;
}

/** Throws INVALID_REPLICA_ASSIGNMENT unless each partition has `factor` replicas. */
export function refuseUneven(placement: readonly (readonly NodeId[])[], factor: number): void {
  const uneven = placement.findIndex(({ length }) => length !== factor);
  if (uneven === -1) return;
  throw new ApiError(
    'INVALID_REPLICA_ASSIGNMENT',
    `All partitions must have ${factor} replicas; assignment ${uneven} has ${placement[uneven]?.length}`,
  );
}

/** The replicas somebody named for a partition. Throws INVALID_REPLICA_ASSIGNMENT. */
export function checkedReplicas(
  brokerIds: readonly number[],
  brokers: Brokers,
  index: number,
  up: 'one must be up' | 'may all be down' = 'one must be up',
): readonly NodeId[] {
  const refuse = (why: string): ApiError => new ApiError('INVALID_REPLICA_ASSIGNMENT', `Partition ${index}: ${why}`);
  if (brokerIds.length === 0) throw refuse('the list of replicas is empty');
  if (new Set(brokerIds).size < brokerIds.length) throw refuse('a broker is named twice');
  const found = brokerIds.map((id) => {
    const broker = brokers.get(id as NodeId);
    if (broker === undefined) throw refuse(`there is no broker ${id}`);
    return broker;
  });
  if (up === 'one must be up' && !found.some(({ id }) => brokers.isActive(id)))
    throw refuse('none of its brokers is up');
  return found.map(({ id }) => id);
}

/** The records of new partitions, from index `first`. */
export function partitionRecords(
  topicId: Uuid,
  first: number,
  placement: readonly (readonly NodeId[])[],
  brokers: Brokers,
): readonly PartitionRecord[] {
  return placement.map((replicas, place) => {
    const alive = replicas.filter((id) => brokers.isActive(id));
    const [leader = NO_LEADER] = alive;
    return {
      kind: 'partition',
      topicId,
      partitionId: first + place,
      replicas,
      isr: alive,
      removingReplicas: [],
      addingReplicas: [],
      leader,
      leaderRecoveryState: LEADER_RECOVERY_STATES.recovered,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: replicas.map((id) => directoryOfNew(brokers.get(id))),
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    };
  });
}

/** The records that make a topic. */
export function topicRecords(
  name: string,
  topicId: Uuid,
  placement: readonly (readonly NodeId[])[],
  brokers: Brokers,
): readonly MetadataRecord[] {
  return [{ kind: 'topic', name, topicId }, ...partitionRecords(topicId, 0, placement, brokers)];
}

/** Replicas of each partition of a topic that exists, for those that are to come. */
export function replicationFactorOf(topic: TopicImage): number {
  return topic.partitions[0]?.replicas.length ?? 1;
}

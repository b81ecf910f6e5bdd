import { ApiError, type Decision, type NodeId } from '@trunkline/kernel';
import type { PartitionImage, TopicImage, TopicsImage } from './image.js';
import { PartitionRound, type ReplicationState } from './partition-round.js';
import { isReassigning } from './reassignment.js';
import type { MetadataRecord } from './records.js';
import { refusal, type Outcome } from './topic-control.js';
import { checkedReplicas } from './topic-decisions.js';
import type { TopicPartitions } from './elections.js';

/** Where a partition shall go (KIP-455). */
export interface ReassignPartition {
  readonly partitionIndex: number;
  /** Its replicas, the preferred leader first; null takes back what is under way. */
  readonly replicas: readonly number[] | null;
}

export interface AlterReassignments {
  /** Whether a partition may end with more or fewer replicas than it has (KIP-860). */
  readonly allowReplicationFactorChange: boolean;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly ReassignPartition[] }[];
}

export interface ReassignmentOutcome extends Outcome {
  readonly topic: string;
  readonly partitionIndex: number;
}

/** A reassignment that is under way. */
export interface OngoingReassignment {
  readonly topic: string;
  readonly partition: PartitionImage;
}

/** Begins, replaces and takes back reassignments, each partition for itself. */
export function alterReassignments(
  state: ReplicationState,
  { allowReplicationFactorChange, topics }: AlterReassignments,
): Decision<MetadataRecord, readonly ReassignmentOutcome[]> {
  const round = new PartitionRound(state);
  const alter = (name: string, { partitionIndex, replicas }: ReassignPartition): ApiError | undefined => {
    try {
      const topic = state.topics.byName(name);
      const partition = topic && round.partition(topic, partitionIndex);
      if (topic === undefined || partition === undefined) {
        throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no partition ${name}-${partitionIndex}`);
      }
      if (replicas === null) return takenBack(round, topic, partition);
      const target = checkedTarget(replicas, state, partitionIndex);
      if (!allowReplicationFactorChange) refuseOtherFactor(partition, target);
      begun(round, topic, partition, target);
      return undefined;
    } catch (reason) {
      return refusal(reason);
    }
  };
  const response = topics.flatMap(({ topic, partitions }) =>
    partitions.map((wish) => ({ topic, partitionIndex: wish.partitionIndex, error: alter(topic, wish) })),
  );
  return { records: round.records, response };
}

/** The reassignments under way, of some partitions or of all. What is not there, or stands still, is not told. */
export function listReassignments(
  topics: TopicsImage,
  asked: readonly TopicPartitions[] | undefined,
): readonly OngoingReassignment[] {
  const ongoing = (name: string, partitions: readonly (PartitionImage | undefined)[]): OngoingReassignment[] =>
    partitions.flatMap((partition) => {
      return partition !== undefined && isReassigning(partition) ? [{ topic: name, partition }] : [];
    });
  if (asked === undefined) return Array.from(topics).flatMap(({ name, partitions }) => ongoing(name, partitions));
  return asked.flatMap(({ topic, partitions }) => {
    const found = topics.byName(topic)?.partitions ?? [];
    return ongoing(
      topic,
      partitions.map((index) => found[index]),
    );
  });
}

/** Replicas that were on their way and are not wanted any more go at once, unless nobody else is in sync. */
function begun(round: PartitionRound, topic: TopicImage, partition: PartitionImage, target: readonly NodeId[]): void {
  const unwanted = partition.addingReplicas.filter((id) => !target.includes(id));
  const others = partition.isr.filter((id) => !unwanted.includes(id));
  const dropped = others.length > 0 || partition.isr.length === 0 ? unwanted : [];
  const staying = partition.replicas.filter((id) => !dropped.includes(id));
  const original = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const removingReplicas = staying.filter((id) => !target.includes(id));
  round.change(topic, partition, {
    isr: partition.isr.filter((id) => !dropped.includes(id)),
    replicas: [...target, ...removingReplicas],
    removingReplicas,
    addingReplicas: target.filter((id) => !original.includes(id)),
    election: round.electionOf(topic),
  });
}

function takenBack(round: PartitionRound, topic: TopicImage, partition: PartitionImage): ApiError | undefined {
  const { replicas, addingReplicas, isr, elr } = partition;
  if (!isReassigning(partition)) {
    throw new ApiError('NO_REASSIGNMENT_IN_PROGRESS', `${topic.name}-${partition.index} is not reassigned`);
  }
  const isIn = (id: NodeId): boolean => !addingReplicas.includes(id);
  const left = isr.filter(isIn);
  const isLost = left.length === 0 && isr.length > 0 && !elr.some(isIn);
  if (isLost && !round.allowsUnclean(topic)) {
    const why = 'only replicas that were to come are in sync; without them records would be lost';
    throw new ApiError('INVALID_REPLICA_ASSIGNMENT', `${topic.name}-${partition.index}: ${why}`);
  }
  round.change(topic, partition, {
    isr: left,
    replicas: replicas.filter(isIn),
    removingReplicas: [],
    addingReplicas: [],
    election: round.electionOf(topic),
  });
  return undefined;
}

/** Brokers that are not up may be named: the reassignment waits for them. */
function checkedTarget(ids: readonly number[], { brokers }: ReplicationState, index: number): readonly NodeId[] {
  return checkedReplicas(ids, brokers, index, 'may all be down');
}

function refuseOtherFactor(partition: PartitionImage, target: readonly NodeId[]): void {
  const { replicas, addingReplicas, removingReplicas } = partition;
  const goal = new Set([...replicas, ...addingReplicas].filter((id) => !removingReplicas.includes(id)));
  if (goal.size === target.length) return;
  const why = `The replication factor would change from ${goal.size} to ${target.length}, which was not allowed`;
  throw new ApiError('INVALID_REPLICATION_FACTOR', why);
}

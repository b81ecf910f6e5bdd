import { ApiError, type Decision, type NodeId } from '@trunkline/kernel';
import type { PartitionImage, TopicImage } from './image.js';
import { NO_LEADER, type Election } from './partition-changes.js';
import { PartitionRound, type ReplicationState } from './partition-round.js';
import type { MetadataRecord } from './records.js';
import type { Outcome } from './topic-control.js';

/** Partitions of a topic, by their indexes. */
export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** Which leaders somebody wants: the preferred ones back, or any at all where there is none (KIP-460). */
export interface ElectLeaders {
  readonly type: 'preferred' | 'unclean';
  /** undefined: all. */
  readonly partitions: readonly TopicPartitions[] | undefined;
}

export interface ElectionOutcome extends Outcome {
  readonly topic: string;
  readonly partitionIndex: number;
}

/**
 * Elects leaders, each partition for itself. Of "all", those that need no election are not told. A replica whose disk was
 * replaced may lead only where an unclean election names the partition: "all" loses no more than it must.
 */
export function electLeaders(
  state: ReplicationState,
  { type, partitions }: ElectLeaders,
): Decision<MetadataRecord, readonly ElectionOutcome[]> {
  const round = new PartitionRound(state);
  const asked = partitions ?? Array.from(state.topics, everyPartition);
  const election = type === 'unclean' && partitions !== undefined ? 'any' : type;
  const outcomes = asked.flatMap(({ topic, partitions: indexes }) =>
    indexes.map((partitionIndex) => {
      const error = electOne(round, state.topics.byName(topic), { topic, partitionIndex }, election);
      return { topic, partitionIndex, error };
    }),
  );
  const response =
    partitions === undefined ? outcomes.filter(({ error }) => error?.code !== 'ELECTION_NOT_NEEDED') : outcomes;
  return { records: round.records, response };
}

/**
 * Gives leadership back to preferred replicas that are in sync, at most `electionsMax` of them. Gives whether there may
 * be more: `auto.leader.rebalance.enable`, every `leader.imbalance.check.interval.seconds`.
 */
export function balanceLeaders(state: ReplicationState, electionsMax: number): Decision<MetadataRecord, boolean> {
  return electWhere(state, electionsMax, (round, topic, partition) => {
    const [preferred] = partition.replicas;
    if (partition.leader === preferred || preferred === undefined || !partition.isr.includes(preferred)) return;
    round.change(topic, partition, { election: 'preferred' });
  });
}

/**
 * Gives partitions without leader, of topics that would rather lose records than wait, to whoever is there; at most
 * `electionsMax`. Gives whether there may be more: every `unclean.leader.election.interval.ms`.
 */
export function electUncleanLeaders(state: ReplicationState, electionsMax: number): Decision<MetadataRecord, boolean> {
  return electWhere(state, electionsMax, (round, topic, partition) => {
    if (partition.leader !== NO_LEADER || !round.allowsUnclean(topic)) return;
    round.change(topic, partition, { election: 'unclean' });
  });
}

function electWhere(
  state: ReplicationState,
  electionsMax: number,
  elect: (round: PartitionRound, topic: TopicImage, partition: PartitionImage) => void,
): Decision<MetadataRecord, boolean> {
  const round = new PartitionRound(state);
  for (const [topic, partition] of round.partitions()) {
    if (round.records.length >= electionsMax) break;
    elect(round, topic, partition);
  }
  return { records: round.records, response: round.records.length >= electionsMax };
}

function electOne(
  round: PartitionRound,
  topic: TopicImage | undefined,
  asked: { readonly topic: string; readonly partitionIndex: number },
  election: Election,
): ApiError | undefined {
  const partition = topic && round.partition(topic, asked.partitionIndex);
  if (topic === undefined || partition === undefined) {
    const what = `There is no partition ${asked.topic}-${asked.partitionIndex}`;
    return new ApiError('UNKNOWN_TOPIC_OR_PARTITION', what);
  }
  const { leader, replicas } = partition;
  if (election === 'preferred' ? leader === replicas[0] : leader !== NO_LEADER) {
    return new ApiError('ELECTION_NOT_NEEDED', `broker ${leader} leads already`);
  }
  if (round.change(topic, partition, { election }) !== undefined) return undefined;
  if (election === 'preferred') return new ApiError('PREFERRED_LEADER_NOT_AVAILABLE', notReady(replicas[0]));
  return new ApiError(
    'ELIGIBLE_LEADERS_NOT_AVAILABLE',
    `none of its brokers is up with what it had: ${replicas.join()}`,
  );
}

function notReady(preferred: NodeId | undefined): string {
  return `broker ${preferred} is not up and in sync`;
}

function everyPartition({ name, partitions }: TopicImage): TopicPartitions {
  return { topic: name, partitions: partitions.map(({ index }) => index) };
}

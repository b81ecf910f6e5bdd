import { ApiError, type Decision, type NodeId, type Uuid } from '@trunkline/kernel';
import type { Brokers } from './brokers.js';
import { directoryIn, directoryOfNew, hasDirectory } from './directories.js';
import type { PartitionImage, TopicImage } from './image.js';
import { PartitionRound, type ReplicationState } from './partition-round.js';
import { LEADER_RECOVERY_STATES, type LeaderRecoveryState, type MetadataRecord } from './records.js';
import type { Outcome } from './topic-control.js';

/** A replica that shall be in sync. */
export interface IsrMember {
  readonly brokerId: NodeId;
  /** The uptime in which it caught up (KIP-903); -1n: not told, and not compared. */
  readonly brokerEpoch: bigint;
}

/** What a leader asks for one of its partitions, and from which state of it. */
export interface IsrProposal {
  readonly partitionIndex: number;
  readonly leaderEpoch: number;
  readonly newIsr: readonly IsrMember[];
  /** A number off the wire: what is no {@link LeaderRecoveryState} is refused. */
  readonly leaderRecoveryState: number;
  readonly partitionEpoch: number;
}

export interface AlterPartitions {
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
  readonly topics: readonly { readonly topicId: Uuid; readonly partitions: readonly IsrProposal[] }[];
}

/** `partition` is what it is now, unless there is an `error`. */
export interface IsrOutcome extends Outcome {
  readonly partitionIndex: number;
  readonly partition: PartitionImage | undefined;
}

export interface AlterPartitionsAnswer {
  readonly topics: readonly { readonly topicId: Uuid; readonly partitions: readonly IsrOutcome[] }[];
}

/** Decides on ISRs: compare-and-set on what the leader knew when it asked (C41, C42; KIP-497, KIP-841, KIP-903). */
export function alterPartitions(
  state: ReplicationState,
  { brokerId, brokerEpoch, topics }: AlterPartitions,
): Decision<MetadataRecord, AlterPartitionsAnswer> {
  state.brokers.require(brokerId, brokerEpoch);
  const round = new PartitionRound(state);
  const answers = topics.map(({ topicId, partitions }) => {
    const topic = state.topics.byId(topicId);
    return { topicId, partitions: partitions.map((proposal) => alterOne(state, round, topic, brokerId, proposal)) };
  });
  return { records: round.records, response: { topics: answers } };
}

function alterOne(
  state: ReplicationState,
  round: PartitionRound,
  topic: TopicImage | undefined,
  brokerId: NodeId,
  proposal: IsrProposal,
): IsrOutcome {
  const { partitionIndex } = proposal;
  const refused = (error: ApiError): IsrOutcome => ({ partitionIndex, partition: undefined, error });
  if (topic === undefined) return refused(new ApiError('UNKNOWN_TOPIC_ID', 'There is no topic with that id'));
  const partition = round.partition(topic, partitionIndex);
  if (partition === undefined) {
    return refused(new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `${topic.name} has no partition ${partitionIndex}`));
  }
  const fault = proposalFault(partition, brokerId, proposal) ?? memberFault(proposal, state.brokers);
  if (fault !== undefined) return refused(fault);
  const isr = proposal.newIsr.map((member) => member.brokerId);
  const record = round.change(topic, partition, {
    isr,
    leaderRecoveryState: recoveryOf(proposal),
    directories: directoriesOfJoining(partition, isr, state.brokers),
    election: round.electionOf(topic),
  });
  const after = round.partition(topic, partitionIndex);
  if (record?.leader !== undefined && record.leader !== brokerId) {
    // A reassignment ended with this change, and took the leader away: both a change and an error, as in Kafka.
    return refused(new ApiError('NEW_LEADER_ELECTED', `broker ${record.leader} leads from now on`));
  }
  return { partitionIndex, error: undefined, partition: after };
}

function recoveryOf({ leaderRecoveryState }: IsrProposal): LeaderRecoveryState {
  const { recovered, recovering } = LEADER_RECOVERY_STATES;
  return leaderRecoveryState === recovering ? recovering : recovered;
}

/** What is wrong with a proposal, measured by the partition. */
function proposalFault(partition: PartitionImage, brokerId: NodeId, proposal: IsrProposal): ApiError | undefined {
  const { leader, leaderEpoch, partitionEpoch, leaderRecoveryState, replicas } = partition;
  if (proposal.leaderEpoch > leaderEpoch || proposal.partitionEpoch > partitionEpoch) {
    return new ApiError('NOT_CONTROLLER', 'The leader knows newer metadata than this node: another controller decides');
  }
  if (proposal.leaderEpoch < leaderEpoch) {
    return new ApiError('FENCED_LEADER_EPOCH', `the leader epoch is ${leaderEpoch}, not ${proposal.leaderEpoch}`);
  }
  if (brokerId !== leader) return new ApiError('INVALID_REQUEST', `broker ${leader} leads, not ${brokerId}`);
  if (proposal.partitionEpoch < partitionEpoch) {
    const why = `the partition epoch is ${partitionEpoch}, not ${proposal.partitionEpoch}`;
    return new ApiError('INVALID_UPDATE_VERSION', why);
  }
  const isr = proposal.newIsr.map((member) => member.brokerId);
  if (isr.length === 0 || new Set(isr).size < isr.length || !isr.every((id) => replicas.includes(id))) {
    return new ApiError('INVALID_REQUEST', 'The ISR must hold replicas of the partition, each once');
  }
  if (!isr.includes(leader)) return new ApiError('INVALID_REQUEST', 'The ISR must hold the leader');
  const { recovered, recovering } = LEADER_RECOVERY_STATES;
  if (proposal.leaderRecoveryState === recovered) return undefined;
  if (proposal.leaderRecoveryState !== recovering) {
    return new ApiError('INVALID_REQUEST', `${proposal.leaderRecoveryState} is no state of a leader's recovery`);
  }
  if (isr.length > 1) {
    return new ApiError('INVALID_REQUEST', 'Nobody joins a leader that still recovers from an unclean election');
  }
  if (leaderRecoveryState === recovering) return undefined;
  return new ApiError('INVALID_REQUEST', 'A leader that has recovered cannot begin to recover');
}

/** Brokers that are fenced, go down, or began anew since they caught up, are not in sync (C42). */
function memberFault({ newIsr }: IsrProposal, brokers: Brokers): ApiError | undefined {
  const faults = newIsr.flatMap(({ brokerId, brokerEpoch }) => {
    const broker = brokers.get(brokerId);
    if (broker === undefined) return [`${brokerId} is not registered`];
    if (broker.inControlledShutdown) return [`${brokerId} shuts down`];
    if (broker.fenced) return [`${brokerId} is fenced`];
    if (brokerEpoch === -1n || brokerEpoch === broker.epoch) return [];
    return [`${brokerId} has epoch ${broker.epoch}, not ${brokerEpoch}`];
  });
  return faults.length === 0 ? undefined : new ApiError('INELIGIBLE_REPLICA', faults.join('; '));
}

/** Who joins has everything where it is now: a disk that was replaced counts as the replica's directory from here on. */
function directoriesOfJoining(
  partition: PartitionImage,
  isr: readonly NodeId[],
  brokers: Brokers,
): ReadonlyMap<NodeId, Uuid> {
  const joining = isr.filter((id) => !partition.isr.includes(id));
  return new Map(
    joining.flatMap((id) => {
      const broker = brokers.get(id);
      if (broker === undefined || hasDirectory(broker, directoryIn(partition, id))) return [];
      return [[id, directoryOfNew(broker)] as const];
    }),
  );
}

import { ApiError, type Decision, type NodeId, type Uuid } from '@trunkline/kernel';
import { hasDirectory } from './directories.js';
import type { BrokerImage, TopicImage } from './image.js';
import { PartitionRound, type ReplicationState } from './partition-round.js';
import type { MetadataRecord } from './records.js';
import type { Outcome } from './topic-control.js';

/** In which of its directories a broker put its replicas (KIP-858). */
export interface AssignReplicasToDirs {
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
  readonly directories: readonly {
    readonly id: Uuid;
    readonly topics: readonly { readonly topicId: Uuid; readonly partitions: readonly number[] }[];
  }[];
}

export interface AssignedReplica extends Outcome {
  readonly directoryId: Uuid;
  readonly topicId: Uuid;
  readonly partitionIndex: number;
}

/** Takes note of where replicas are. One in a directory that has failed leaves its ISR. Throws STALE_BROKER_EPOCH. */
export function assignReplicasToDirs(
  state: ReplicationState,
  { brokerId, brokerEpoch, directories }: AssignReplicasToDirs,
): Decision<MetadataRecord, readonly AssignedReplica[]> {
  const broker = state.brokers.require(brokerId, brokerEpoch);
  const round = new PartitionRound(state);
  const response = directories.flatMap(({ id, topics }) =>
    topics.flatMap(({ topicId, partitions }) =>
      partitions.map((partitionIndex): AssignedReplica => {
        const error = assign(round, state.topics.byId(topicId), partitionIndex, broker, id);
        return { directoryId: id, topicId, partitionIndex, error };
      }),
    ),
  );
  return { records: round.records, response };
}

function assign(
  round: PartitionRound,
  topic: TopicImage | undefined,
  index: number,
  broker: BrokerImage,
  directory: Uuid,
): ApiError | undefined {
  if (topic === undefined) return new ApiError('UNKNOWN_TOPIC_ID', 'There is no topic with that id');
  const partition = round.partition(topic, index);
  if (partition === undefined) {
    return new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no partition ${topic.name}-${index}`);
  }
  if (!partition.replicas.includes(broker.id)) {
    return new ApiError('NOT_LEADER_OR_FOLLOWER', `broker ${broker.id} has no replica of ${topic.name}-${index}`);
  }
  const directories = new Map([[broker.id, directory]]);
  const isr = hasDirectory(broker, directory) ? partition.isr : partition.isr.filter((id) => id !== broker.id);
  round.change(topic, partition, { directories, isr, election: round.electionOf(topic) });
  return undefined;
}

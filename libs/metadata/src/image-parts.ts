import type { Uuid } from '@trunkline/kernel';
import type { BrokerImage, PartitionImage } from './image.js';
import type {
  BrokerRegistrationChangeRecord,
  PartitionChangeRecord,
  PartitionRecord,
  RegisterBrokerRecord,
} from './records.js';

/** The partition that a record tells. */
export function partitionOf(record: PartitionRecord): PartitionImage {
  return {
    index: record.partitionId,
    replicas: record.replicas,
    isr: record.isr,
    removingReplicas: record.removingReplicas,
    addingReplicas: record.addingReplicas,
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
    directories: record.directories,
    elr: record.eligibleLeaderReplicas,
    lastKnownElr: record.lastKnownElr,
  };
}

/** The record that tells a partition whole. */
export function partitionRecordOf(topicId: Uuid, { index, elr, ...partition }: PartitionImage): PartitionRecord {
  return { kind: 'partition', topicId, partitionId: index, ...partition, eligibleLeaderReplicas: elr };
}

/** The partition after a change. A leader that is told raises the leader epoch, each change the partition epoch. */
export function changedPartition(partition: PartitionImage, change: PartitionChangeRecord): PartitionImage {
  return {
    index: partition.index,
    replicas: change.replicas ?? partition.replicas,
    isr: change.isr ?? partition.isr,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    leader: change.leader ?? partition.leader,
    leaderRecoveryState: change.leaderRecoveryState ?? partition.leaderRecoveryState,
    leaderEpoch: partition.leaderEpoch + (change.leader === undefined ? 0 : 1),
    partitionEpoch: partition.partitionEpoch + 1,
    directories: change.directories ?? partition.directories,
    elr: change.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
  };
}

/** The partition after {@link ClearElrRecord}: itself, when it does not matter to it. */
export function withoutElr(partition: PartitionImage): PartitionImage {
  if (partition.elr.length === 0 || partition.isr.length === 0) return partition;
  return { ...partition, elr: [], partitionEpoch: partition.partitionEpoch + 1 };
}

/** The broker that a registration tells. */
export function brokerOf(record: RegisterBrokerRecord): BrokerImage {
  return {
    id: record.brokerId,
    epoch: record.brokerEpoch,
    incarnationId: record.incarnationId,
    endPoints: record.endPoints,
    features: record.features,
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    logDirs: record.logDirs,
  };
}

/** The broker after a change. */
export function changedBroker(broker: BrokerImage, change: BrokerRegistrationChangeRecord): BrokerImage {
  return {
    ...broker,
    fenced: change.fenced ?? broker.fenced,
    inControlledShutdown: change.inControlledShutdown ?? broker.inControlledShutdown,
    logDirs: change.logDirs ?? broker.logDirs,
  };
}

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
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
    directories: record.directories,
  };
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
    leaderEpoch: partition.leaderEpoch + (change.leader === undefined ? 0 : 1),
    partitionEpoch: partition.partitionEpoch + 1,
    directories: change.directories ?? partition.directories,
  };
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
  };
}

import type { NodeId, Uuid } from '@trunkline/kernel';

/** A topic begins to exist. Its partitions follow. */
export interface TopicRecord {
  readonly kind: 'topic';
  readonly name: string;
  readonly topicId: Uuid;
}

/** Kafka's numbers of whether a leader still repairs what an unclean election may have left (KIP-704). */
export const LEADER_RECOVERY_STATES = { recovered: 0, recovering: 1 } as const;
export type LeaderRecoveryState = (typeof LEADER_RECOVERY_STATES)[keyof typeof LEADER_RECOVERY_STATES];

/** A partition begins to exist, or is told whole (in snapshots). */
export interface PartitionRecord {
  readonly kind: 'partition';
  readonly topicId: Uuid;
  readonly partitionId: number;
  /** The first is the preferred leader. */
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
  /** -1: none. */
  readonly leader: NodeId;
  readonly leaderRecoveryState: LeaderRecoveryState;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** The log directory of each replica, in their order. */
  readonly directories: readonly Uuid[];
  /** Not in sync, but known to have everything that was committed: the next to lead (KIP-966). */
  readonly eligibleLeaderReplicas: readonly NodeId[];
  /** Of a partition without leader: who led it last. */
  readonly lastKnownElr: readonly NodeId[];
}

/** A partition changes; what is missing stays as it is. Each raises the partition epoch, a new leader its own too. */
export interface PartitionChangeRecord {
  readonly kind: 'partition-change';
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly isr?: readonly NodeId[];
  /** -1: none, as in Kafka; missing: the same as before, without a new epoch. */
  readonly leader?: NodeId;
  readonly leaderRecoveryState?: LeaderRecoveryState;
  readonly replicas?: readonly NodeId[];
  readonly removingReplicas?: readonly NodeId[];
  readonly addingReplicas?: readonly NodeId[];
  readonly directories?: readonly Uuid[];
  readonly eligibleLeaderReplicas?: readonly NodeId[];
  readonly lastKnownElr?: readonly NodeId[];
}

/**
 * Replicas that were eligible to lead by an older min.insync.replicas are so no more, where a partition has replicas in
 * sync (KIP-966). Where it has none, nothing can be committed behind their back, and they stay.
 */
export interface ClearElrRecord {
  readonly kind: 'clear-elr';
  /** Empty: of all topics. */
  readonly topicName: string;
}

/** A topic, its partitions and its configs end. */
export interface RemoveTopicRecord {
  readonly kind: 'remove-topic';
  readonly topicId: Uuid;
}

/** One config of one resource; null takes it away. */
export interface ConfigRecord {
  readonly kind: 'config';
  readonly resourceType: ConfigResourceType;
  readonly resourceName: string;
  readonly name: string;
  readonly value: string | null;
}

/** Kafka's numbers of what can carry configs. */
export const CONFIG_RESOURCE_TYPES = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;
export type ConfigResourceType = (typeof CONFIG_RESOURCE_TYPES)[keyof typeof CONFIG_RESOURCE_TYPES];

/** Where a broker can be reached. */
export interface Endpoint {
  /** The listener's name, `PLAINTEXT`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's number of the security protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

/** Versions of a feature that a node can work with. */
export interface FeatureRange {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

/** A broker came up. The newest registration of an id holds. */
export interface RegisterBrokerRecord {
  readonly kind: 'register-broker';
  readonly brokerId: NodeId;
  /** New at each start of the process. */
  readonly incarnationId: Uuid;
  readonly brokerEpoch: bigint;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  /** Not to be told to clients, nor given partitions. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly Uuid[];
}

/** A broker's state changes; what is missing stays. */
export interface BrokerRegistrationChangeRecord {
  readonly kind: 'broker-registration-change';
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
  readonly fenced?: boolean;
  readonly inControlledShutdown?: boolean;
  /** The directories that are left; never empty. */
  readonly logDirs?: readonly Uuid[];
}

/** A broker is gone for good. */
export interface UnregisterBrokerRecord {
  readonly kind: 'unregister-broker';
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
}

/** The level of a feature that the whole cluster works with; 0 ends it. */
export interface FeatureLevelRecord {
  readonly kind: 'feature-level';
  readonly name: string;
  readonly featureLevel: number;
}

/** The first producer id that nobody has been given. */
export interface ProducerIdsRecord {
  readonly kind: 'producer-ids';
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
  readonly nextProducerId: bigint;
}

/** Changes nothing; shows that the log is alive. */
export interface NoOpRecord {
  readonly kind: 'no-op';
}

/** Everything the metadata log holds. A new feature is a new kind here, a decision that writes it, a replay that reads it. */
export type MetadataRecord =
  | TopicRecord
  | PartitionRecord
  | PartitionChangeRecord
  | ClearElrRecord
  | RemoveTopicRecord
  | ConfigRecord
  | RegisterBrokerRecord
  | BrokerRegistrationChangeRecord
  | UnregisterBrokerRecord
  | FeatureLevelRecord
  | ProducerIdsRecord
  | NoOpRecord;

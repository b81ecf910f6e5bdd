export type { AlterPartitions, AlterPartitionsAnswer, IsrMember, IsrOutcome, IsrProposal } from './alter-partition.js';
export type { BrokerHeartbeat, BrokerHeartbeatAnswer } from './broker-control.js';
export { BrokerLiveness, type BrokerLivenessOptions } from './broker-liveness.js';
export type { BrokerRegistration, Heard } from './broker-registration.js';
export type { ConfigAlteration, ConfigChange, ConfigOperation } from './config-decisions.js';
export { CONFIG_VALUE_BYTES_MAX, definitionsOf } from './config-decisions.js';
export { withBrokerFacts } from './config/broker-facts.js';
export { BROKER_CONFIG_DEFINITIONS } from './config/broker-configs.js';
export {
  CONFIG_TYPE_CODES,
  brokerDefaultEntries,
  brokerEntries,
  clientMetricsEntries,
  groupEntries,
  topicEntries,
  type ConfigEntry,
} from './config/describe.js';
export type {
  Check,
  ConfigDefinition,
  ConfigDefinitions,
  ConfigSynonym,
  ConfigType,
  ConfigValue,
  UpdateMode,
} from './config/definition.js';
export {
  CONFIG_SOURCES,
  brokerConfigText,
  brokerValues,
  inheritedText,
  topicConfigText,
  type ConfigSource,
  type SourcedValue,
  type StaticBrokerConfig,
} from './config/effective.js';
export { CLIENT_METRICS_CONFIG_DEFINITIONS, GROUP_CONFIG_DEFINITIONS } from './config/other-configs.js';
export { brokerFault, type ReadWhole } from './config/together.js';
export { brokerNumber, logConfigOf, topicConfigOf, type TopicConfig } from './config/topic-config.js';
export { TOPIC_CONFIG_DEFINITIONS } from './config/topic-configs.js';
export { configFault, listOf, parseConfig, type Parsed } from './config/value.js';
export { Controller, type ConfigOutcome, type ControllerOptions, type Rehearsal } from './controller.js';
export type { MetadataDelta, TopicChange } from './delta.js';
export { DiskMetadataLog, type DiskMetadataLogOptions } from './disk-metadata-log.js';
export type { FeatureUpdate } from './feature-updates.js';
export { INITIAL_FEATURES, SUPPORTED_FEATURES } from './features.js';
export { RESERVED_DIRECTORIES, hasDirectory } from './directories.js';
export type { ElectLeaders, ElectionOutcome, TopicPartitions } from './elections.js';
export { emptyImage, stepImage, wholeDelta, type ImageStep, type LoadedImage } from './image-loader.js';
export type {
  BrokerImage,
  ConfigMap,
  ConfigResource,
  ConfigsImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
  TopicsImage,
} from './image.js';
export { endPointOf } from './image.js';
export {
  firstDirectoryId,
  formatDirectory,
  metaProperties,
  readMetaProperties,
  type MetaProperties,
} from './meta-properties.js';
export type { ControllerRole, MetadataLog, MetadataSink } from './metadata-log.js';
export {
  MetadataManager,
  type Decide,
  type ImageWatcher,
  type MetadataListener,
  type MetadataManagerOptions,
  type RoleListener,
} from './metadata-manager.js';
export { changePartition, type Election, type PartitionRules, type PartitionWish } from './partition-changes.js';
export { PRODUCER_ID_BLOCK_SIZE, type ProducerIdBlock } from './producer-ids.js';
export { isReassigning } from './reassignment.js';
export {
  listReassignments,
  type AlterReassignments,
  type OngoingReassignment,
  type ReassignPartition,
  type ReassignmentOutcome,
} from './reassignments.js';
export * from './records.js';
export type { AssignReplicasToDirs, AssignedReplica } from './replica-directories.js';
export { recordsOf } from './snapshot.js';
export type {
  CreateTopicOutcome,
  DeleteTopicOutcome,
  MorePartitions,
  MorePartitionsOutcome,
  Outcome,
  TopicTarget,
} from './topic-control.js';
export {
  OFFSETS_TOPIC,
  TopicAutoCreation,
  type CreateTopics,
  type TopicAutoCreationOptions,
} from './topic-auto-creation.js';
export type { NewTopic } from './topic-decisions.js';
export { INTERNAL_TOPICS, METADATA_TOPIC, TOPIC_NAME_LENGTH_MAX, collisionKey, topicNameFault } from './topic-name.js';
export { DiskRaftStorage, logBatchOf, type DiskRaftStorageOptions } from './quorum/disk-raft-storage.js';
export { QuorumMetadataLog, type QuorumMetadataLogOptions } from './quorum/quorum-metadata-log.js';

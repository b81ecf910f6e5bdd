// What the package shows of the admin.
export type { AclOperation, AclPatternType, AclPermission, AclResourceType } from './acl-words.js';
export type { AclBinding, AclFilter, AdminAcls } from './acls.js';
export {
  ADMIN_DEFAULTS,
  type AdminOptions,
  type AdminSettings,
  type CallOptions,
  type ChangeOptions,
} from './admin-options.js';
export { Admin } from './admin.js';
export type {
  AdminClientQuotas,
  ClientQuota,
  DescribeQuotasOptions,
  QuotaChange,
  QuotaEntity,
  QuotaFilter,
} from './client-quotas.js';
export type { AdminCluster, NewRaftVoter, RaftVoter } from './cluster-area.js';
export type {
  BrokerDescription,
  ClusterDescription,
  DescribeClusterOptions,
  QuorumDescription,
  QuorumNode,
  QuorumReplica,
} from './cluster-descriptions.js';
export type {
  AdminConfigs,
  ConfigChanges,
  ConfigEntry,
  ConfigReplacement,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
  ConfigSynonym,
  ConfigType,
  DescribeConfigsOptions,
} from './configs.js';
export type { AdminDelegationTokens, CreateTokenOptions, DelegationToken, Principal } from './delegation-tokens.js';
export type { FeatureDescription, FeatureUpdate, LevelRange } from './features.js';
export type {
  AssignedTopic,
  ClassicGroupDescription,
  ClassicGroupMember,
  ConsumerGroupDescription,
  ConsumerGroupMember,
  DescribeGroupsOptions,
  ShareGroupDescription,
  ShareGroupMember,
} from './group-descriptions.js';
export type {
  CommittedGroupOffset,
  GroupOffsets,
  GroupOffsetsQuery,
  ListGroupOffsetsOptions,
  NewGroupOffset,
} from './group-offsets.js';
export type { GroupState, GroupType } from './group-words.js';
export type {
  AdminGroups,
  GroupDescription,
  GroupListing,
  ListGroupsOptions,
  MemberToRemove,
  RemoveMembersOptions,
} from './groups.js';
export type { TopicPartitionReplica } from './keys.js';
export type { DescribeLogDirsOptions, LogDir, LogDirReplica, ReplicaMove } from './log-dirs.js';
export type { AdminOffsets, ListedOffset, ListOffsetsOptions, OffsetQuery, OffsetQuerySpec } from './offsets.js';
export { type KeyKind, type Outcome, Outcomes } from './outcome.js';
export type { ElectionType, OngoingReassignment, ReassignOptions, Reassignment } from './placement.js';
export type { DeletedRecords, RecordsBefore } from './record-deletion.js';
export type {
  AdminScram,
  ScramChanges,
  ScramCredential,
  ScramDeletion,
  ScramMechanism,
  ScramUpsertion,
} from './scram.js';
export type { AdminShareGroups, ShareGroupOffset, ShareGroupOffsets, ShareStartOffset } from './share-groups.js';
export type * from './streams-group.js';
export type { DescribeTopicsOptions, PartitionDescription, TopicDescription } from './topic-descriptions.js';
export type { AdminTopics, CreatedTopic, ListTopicsOptions, MorePartitions, NewTopic, TopicListing } from './topics.js';
export type {
  ActiveProducer,
  AdminTransactions,
  DescribeProducersOptions,
  FencedProducer,
  HangingTransaction,
  ListTransactionsOptions,
  TransactionDescription,
  TransactionListing,
  TransactionState,
} from './transactions.js';

/** Limits and times of consumer groups. Kafka's names in the comments where there are such. */
export interface GroupConfig {
  /** group.min.session.timeout.ms */
  readonly sessionTimeoutMsMin: number;
  /** group.max.session.timeout.ms */
  readonly sessionTimeoutMsMax: number;
  /** group.initial.rebalance.delay.ms: how long the first rebalance of an empty group waits for more members. */
  readonly initialRebalanceDelayMs: number;
  /** group.max.size: members of one group. */
  readonly groupSizeMax: number;
  /** offset.metadata.max.bytes: UTF-16 units, as Kafka counts them. */
  readonly offsetMetadataLengthMax: number;
  /** offsets.retention.minutes, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** How long a member that joins for the first time may wait for its answer before it is taken for dead. */
  readonly newMemberJoinTimeoutMs: number;
  /** Member ids of one group that were given out and have not come back yet (KIP-394). */
  readonly pendingMemberIdsMax: number;
  /** Bytes of one group's stored record: all subscriptions, all assignments. */
  readonly groupRecordBytesMax: number;
  /** Groups of one shard. */
  readonly groupsMax: number;
  /** Committed offsets of one group. */
  readonly offsetsPerGroupMax: number;
}

const MINUTE_MS = 60_000;

/** Kafka's defaults, but for the initial delay, which is 0, the size of a group, and limits that Kafka does not have. */
export const DEFAULT_GROUP_CONFIG: GroupConfig = Object.freeze({
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 30 * MINUTE_MS,
  initialRebalanceDelayMs: 0,
  groupSizeMax: 200,
  offsetMetadataLengthMax: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * MINUTE_MS,
  offsetsRetentionCheckIntervalMs: 10 * MINUTE_MS,
  newMemberJoinTimeoutMs: 5 * MINUTE_MS,
  pendingMemberIdsMax: 1_000,
  groupRecordBytesMax: 16 * 1024 * 1024,
  groupsMax: 100_000,
  offsetsPerGroupMax: 100_000,
});

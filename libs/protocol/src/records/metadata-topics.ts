// Records of the metadata log: topics and partitions.
// On disk: unsigned varints 1, key, version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  int32,
  int8,
  nullable,
  since,
  string,
  struct,
  tagged,
  uuid,
  withDefault,
} from '../schema.js';

/** A topic came to be. */
export const TopicRecord = recordMessage({
  key: 2,
  name: 'TopicRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    name: string,
    topicId: uuid,
  }),
});
export type TopicRecord = Decoded<typeof TopicRecord>;

/** A partition came to be; also all of it in a snapshot. */
export const PartitionRecord = recordMessage({
  key: 3,
  name: 'PartitionRecord',
  versions: [0, 2],
  flexibleFrom: 0,
  type: struct({
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    replicas: array(int32),
    isr: array(int32),
    removingReplicas: array(int32),
    addingReplicas: array(int32),
    leader: withDefault(int32, -1),
    leaderRecoveryState: tagged(0, int8, 0),
    leaderEpoch: withDefault(int32, -1),
    partitionEpoch: withDefault(int32, -1),
    directories: since(1, array(uuid)),
    eligibleLeaderReplicas: tagged(1, since(2, nullable(array(int32)), null)),
    lastKnownElr: tagged(2, since(2, nullable(array(int32)), null)),
  }),
});
export type PartitionRecord = Decoded<typeof PartitionRecord>;

/** What changed of a partition; a field that is left out stays as it was. */
export const PartitionChangeRecord = recordMessage({
  key: 5,
  name: 'PartitionChangeRecord',
  versions: [0, 2],
  flexibleFrom: 0,
  type: struct({
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    isr: tagged(0, nullable(array(int32)), null),
    leader: tagged(1, int32, -2),
    replicas: tagged(2, nullable(array(int32)), null),
    removingReplicas: tagged(3, nullable(array(int32)), null),
    addingReplicas: tagged(4, nullable(array(int32)), null),
    leaderRecoveryState: tagged(5, int8, -1),
    directories: tagged(8, since(1, nullable(array(uuid)), null)),
    eligibleLeaderReplicas: tagged(6, since(2, nullable(array(int32)), null)),
    lastKnownElr: tagged(7, since(2, nullable(array(int32)), null)),
  }),
});
export type PartitionChangeRecord = Decoded<typeof PartitionChangeRecord>;

/** A topic, and all its partitions, went. */
export const RemoveTopicRecord = recordMessage({
  key: 9,
  name: 'RemoveTopicRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    topicId: uuid,
  }),
});
export type RemoveTopicRecord = Decoded<typeof RemoveTopicRecord>;

/** Eligible leader replicas of a topic, or of all, are forgotten. */
export const ClearElrRecord = recordMessage({
  key: 28,
  name: 'ClearElrRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    topicName: string,
  }),
});
export type ClearElrRecord = Decoded<typeof ClearElrRecord>;

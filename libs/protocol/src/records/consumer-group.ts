// Records of __consumer_offsets: groups of the consumer protocol (KIP-848).
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  bytes,
  int32,
  int64,
  int8,
  nullable,
  string,
  struct,
  tagged,
  uuid,
  withDefault,
} from '../schema.js';

/** A member’s way to the target. */
export const ConsumerGroupCurrentMemberAssignmentKey = recordMessage({
  key: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ConsumerGroupCurrentMemberAssignmentKey = Decoded<typeof ConsumerGroupCurrentMemberAssignmentKey>;

const topicPartitions = struct({
  topicId: uuid,
  partitions: array(int32),
  assignmentEpochs: tagged(0, nullable(array(int32))),
});

/** What the member has, and what it still has to give up. */
export const ConsumerGroupCurrentMemberAssignmentValue = recordMessage({
  key: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  }),
});
export type ConsumerGroupCurrentMemberAssignmentValue = Decoded<typeof ConsumerGroupCurrentMemberAssignmentValue>;

/** A member. */
export const ConsumerGroupMemberMetadataKey = recordMessage({
  key: 5,
  name: 'ConsumerGroupMemberMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ConsumerGroupMemberMetadataKey = Decoded<typeof ConsumerGroupMemberMetadataKey>;

/** What a member said of itself. */
export const ConsumerGroupMemberMetadataValue = recordMessage({
  key: 5,
  name: 'ConsumerGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: nullable(string),
    rebalanceTimeoutMs: withDefault(int32, -1),
    serverAssignor: nullable(string),
    classicMemberMetadata: tagged(
      0,
      nullable(
        struct({
          sessionTimeoutMs: int32,
          supportedProtocols: array(
            struct({
              name: string,
              metadata: bytes,
            }),
          ),
        }),
      ),
    ),
  }),
});
export type ConsumerGroupMemberMetadataValue = Decoded<typeof ConsumerGroupMemberMetadataValue>;

/** A group. */
export const ConsumerGroupMetadataKey = recordMessage({
  key: 3,
  name: 'ConsumerGroupMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ConsumerGroupMetadataKey = Decoded<typeof ConsumerGroupMetadataKey>;

/** The group’s epoch. */
export const ConsumerGroupMetadataValue = recordMessage({
  key: 3,
  name: 'ConsumerGroupMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    epoch: int32,
    metadataHash: tagged(0, int64, 0n),
  }),
});
export type ConsumerGroupMetadataValue = Decoded<typeof ConsumerGroupMetadataValue>;

/** The partitions of a group’s topics, as old brokers wrote them. */
export const ConsumerGroupPartitionMetadataKey = recordMessage({
  key: 4,
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ConsumerGroupPartitionMetadataKey = Decoded<typeof ConsumerGroupPartitionMetadataKey>;

/** Topics with their number of partitions. */
export const ConsumerGroupPartitionMetadataValue = recordMessage({
  key: 4,
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    topics: array(
      struct({
        topicId: uuid,
        topicName: string,
        numPartitions: int32,
        partitionMetadata: array(
          struct({
            partition: int32,
            racks: array(string),
          }),
        ),
      }),
    ),
  }),
});
export type ConsumerGroupPartitionMetadataValue = Decoded<typeof ConsumerGroupPartitionMetadataValue>;

/** A regular expression that members subscribe to. */
export const ConsumerGroupRegularExpressionKey = recordMessage({
  key: 16,
  name: 'ConsumerGroupRegularExpressionKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    regularExpression: string,
  }),
});
export type ConsumerGroupRegularExpressionKey = Decoded<typeof ConsumerGroupRegularExpressionKey>;

/** The topics that it matched. */
export const ConsumerGroupRegularExpressionValue = recordMessage({
  key: 16,
  name: 'ConsumerGroupRegularExpressionValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    topics: array(string),
    version: int64,
    timestamp: int64,
  }),
});
export type ConsumerGroupRegularExpressionValue = Decoded<typeof ConsumerGroupRegularExpressionValue>;

/** A member’s part of the target. */
export const ConsumerGroupTargetAssignmentMemberKey = recordMessage({
  key: 7,
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ConsumerGroupTargetAssignmentMemberKey = Decoded<typeof ConsumerGroupTargetAssignmentMemberKey>;

/** What the member is to have. */
export const ConsumerGroupTargetAssignmentMemberValue = recordMessage({
  key: 7,
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    topicPartitions: array(
      struct({
        topicId: uuid,
        partitions: array(int32),
      }),
    ),
  }),
});
export type ConsumerGroupTargetAssignmentMemberValue = Decoded<typeof ConsumerGroupTargetAssignmentMemberValue>;

/** A group’s target. */
export const ConsumerGroupTargetAssignmentMetadataKey = recordMessage({
  key: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ConsumerGroupTargetAssignmentMetadataKey = Decoded<typeof ConsumerGroupTargetAssignmentMetadataKey>;

/** The epoch of the target. */
export const ConsumerGroupTargetAssignmentMetadataValue = recordMessage({
  key: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    assignmentEpoch: int32,
    assignmentTimestamp: tagged(0, int64, 0n),
  }),
});
export type ConsumerGroupTargetAssignmentMetadataValue = Decoded<typeof ConsumerGroupTargetAssignmentMetadataValue>;

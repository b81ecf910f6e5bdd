// Records of __consumer_offsets: share groups (KIP-932).
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import { type Decoded, array, int32, int64, int8, nullable, string, struct, tagged, uuid } from '../schema.js';

/** A member’s place. */
export const ShareGroupCurrentMemberAssignmentKey = recordMessage({
  key: 14,
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ShareGroupCurrentMemberAssignmentKey = Decoded<typeof ShareGroupCurrentMemberAssignmentKey>;

const topicPartitions = struct({
  topicId: uuid,
  partitions: array(int32),
});

/** What the member has. */
export const ShareGroupCurrentMemberAssignmentValue = recordMessage({
  key: 14,
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
  }),
});
export type ShareGroupCurrentMemberAssignmentValue = Decoded<typeof ShareGroupCurrentMemberAssignmentValue>;

/** A member. */
export const ShareGroupMemberMetadataKey = recordMessage({
  key: 10,
  name: 'ShareGroupMemberMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ShareGroupMemberMetadataKey = Decoded<typeof ShareGroupMemberMetadataKey>;

/** What a member said of itself. */
export const ShareGroupMemberMetadataValue = recordMessage({
  key: 10,
  name: 'ShareGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  }),
});
export type ShareGroupMemberMetadataValue = Decoded<typeof ShareGroupMemberMetadataValue>;

/** A group. */
export const ShareGroupMetadataKey = recordMessage({
  key: 11,
  name: 'ShareGroupMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ShareGroupMetadataKey = Decoded<typeof ShareGroupMetadataKey>;

/** The group’s epoch. */
export const ShareGroupMetadataValue = recordMessage({
  key: 11,
  name: 'ShareGroupMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    epoch: int32,
    metadataHash: int64,
  }),
});
export type ShareGroupMetadataValue = Decoded<typeof ShareGroupMetadataValue>;

/** The share partitions of a group. */
export const ShareGroupStatePartitionMetadataKey = recordMessage({
  key: 15,
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ShareGroupStatePartitionMetadataKey = Decoded<typeof ShareGroupStatePartitionMetadataKey>;

const topicPartitionsInfo = struct({
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
});

const topicInfo = struct({
  topicId: uuid,
  topicName: string,
});

/** Which of them have a state, are getting one, or lose it. */
export const ShareGroupStatePartitionMetadataValue = recordMessage({
  key: 15,
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  }),
});
export type ShareGroupStatePartitionMetadataValue = Decoded<typeof ShareGroupStatePartitionMetadataValue>;

/** A member’s part of the target. */
export const ShareGroupTargetAssignmentMemberKey = recordMessage({
  key: 13,
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type ShareGroupTargetAssignmentMemberKey = Decoded<typeof ShareGroupTargetAssignmentMemberKey>;

/** What the member is to have. */
export const ShareGroupTargetAssignmentMemberValue = recordMessage({
  key: 13,
  name: 'ShareGroupTargetAssignmentMemberValue',
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
export type ShareGroupTargetAssignmentMemberValue = Decoded<typeof ShareGroupTargetAssignmentMemberValue>;

/** A group’s target. */
export const ShareGroupTargetAssignmentMetadataKey = recordMessage({
  key: 12,
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type ShareGroupTargetAssignmentMetadataKey = Decoded<typeof ShareGroupTargetAssignmentMetadataKey>;

/** The epoch of the target. */
export const ShareGroupTargetAssignmentMetadataValue = recordMessage({
  key: 12,
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    assignmentEpoch: int32,
    assignmentTimestamp: tagged(0, int64, 0n),
  }),
});
export type ShareGroupTargetAssignmentMetadataValue = Decoded<typeof ShareGroupTargetAssignmentMetadataValue>;

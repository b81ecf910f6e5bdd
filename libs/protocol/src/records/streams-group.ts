// Records of __consumer_offsets: streams groups (KIP-1071).
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  int16,
  int32,
  int64,
  int8,
  nullable,
  string,
  struct,
  tagged,
  uint16,
  withDefault,
} from '../schema.js';

/** A member’s way to the target. */
export const StreamsGroupCurrentMemberAssignmentKey = recordMessage({
  key: 22,
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type StreamsGroupCurrentMemberAssignmentKey = Decoded<typeof StreamsGroupCurrentMemberAssignmentKey>;

const streamsGroupCurrentMemberAssignmentValueTaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
  assignmentEpochs: tagged(0, nullable(array(int32))),
});

/** The tasks that the member has, and has to give up. */
export const StreamsGroupCurrentMemberAssignmentValue = recordMessage({
  key: 22,
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
  }),
});
export type StreamsGroupCurrentMemberAssignmentValue = Decoded<typeof StreamsGroupCurrentMemberAssignmentValue>;

/** A member. */
export const StreamsGroupMemberMetadataKey = recordMessage({
  key: 19,
  name: 'StreamsGroupMemberMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type StreamsGroupMemberMetadataKey = Decoded<typeof StreamsGroupMemberMetadataKey>;

const endpoint = struct({
  host: string,
  port: uint16,
});

const keyValue = struct({
  key: string,
  value: string,
});

/** What a member said of itself. */
export const StreamsGroupMemberMetadataValue = recordMessage({
  key: 19,
  name: 'StreamsGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: withDefault(int32, -1),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: withDefault(nullable(endpoint), null),
    clientTags: array(keyValue),
  }),
});
export type StreamsGroupMemberMetadataValue = Decoded<typeof StreamsGroupMemberMetadataValue>;

/** A group. */
export const StreamsGroupMetadataKey = recordMessage({
  key: 17,
  name: 'StreamsGroupMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type StreamsGroupMetadataKey = Decoded<typeof StreamsGroupMetadataKey>;

const lastAssignmentConfig = struct({
  key: string,
  value: string,
});

/** The group’s epoch. */
export const StreamsGroupMetadataValue = recordMessage({
  key: 17,
  name: 'StreamsGroupMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: tagged(0, int32, -1),
    lastAssignmentConfigs: tagged(1, nullable(array(lastAssignmentConfig))),
  }),
});
export type StreamsGroupMetadataValue = Decoded<typeof StreamsGroupMetadataValue>;

/** A member’s part of the target. */
export const StreamsGroupTargetAssignmentMemberKey = recordMessage({
  key: 21,
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    memberId: string,
  }),
});
export type StreamsGroupTargetAssignmentMemberKey = Decoded<typeof StreamsGroupTargetAssignmentMemberKey>;

const streamsGroupTargetAssignmentMemberValueTaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

/** The tasks that the member is to have. */
export const StreamsGroupTargetAssignmentMemberValue = recordMessage({
  key: 21,
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    activeTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
    standbyTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
    warmupTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
  }),
});
export type StreamsGroupTargetAssignmentMemberValue = Decoded<typeof StreamsGroupTargetAssignmentMemberValue>;

/** A group’s target. */
export const StreamsGroupTargetAssignmentMetadataKey = recordMessage({
  key: 20,
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type StreamsGroupTargetAssignmentMetadataKey = Decoded<typeof StreamsGroupTargetAssignmentMetadataKey>;

/** The epoch of the target. */
export const StreamsGroupTargetAssignmentMetadataValue = recordMessage({
  key: 20,
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    assignmentEpoch: int32,
    assignmentTimestamp: tagged(0, int64, 0n),
  }),
});
export type StreamsGroupTargetAssignmentMetadataValue = Decoded<typeof StreamsGroupTargetAssignmentMetadataValue>;

/** A group’s topology. */
export const StreamsGroupTopologyKey = recordMessage({
  key: 23,
  name: 'StreamsGroupTopologyKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
  }),
});
export type StreamsGroupTopologyKey = Decoded<typeof StreamsGroupTopologyKey>;

const topicConfig = struct({
  key: string,
  value: string,
});

const topicInfo = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
});

/** The subtopologies, with the topics they read and write. */
export const StreamsGroupTopologyValue = recordMessage({
  key: 23,
  name: 'StreamsGroupTopologyValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    epoch: int32,
    subtopologies: array(
      struct({
        subtopologyId: string,
        sourceTopics: array(string),
        sourceTopicRegex: array(string),
        stateChangelogTopics: array(topicInfo),
        repartitionSinkTopics: array(string),
        repartitionSourceTopics: array(topicInfo),
        copartitionGroups: array(
          struct({
            sourceTopics: array(int16),
            sourceTopicRegex: array(int16),
            repartitionSourceTopics: array(int16),
          }),
        ),
      }),
    ),
  }),
});
export type StreamsGroupTopologyValue = Decoded<typeof StreamsGroupTopologyValue>;

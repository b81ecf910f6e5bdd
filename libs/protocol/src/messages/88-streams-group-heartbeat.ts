import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int64, int8, nullable, string, struct, uint16, withDefault } from '../schema.js';

/**
 * StreamsGroupHeartbeat (88): the one request of the streams protocol: topology, tasks, offsets (KIP-1071).
 */

const requestKeyValue = struct({
  key: string,
  value: string,
});

const requestTopicInfo = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(requestKeyValue),
});

const requestTaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

const requestEndpoint = struct({
  host: string,
  port: uint16,
});

const requestTaskOffset = struct({
  subtopologyId: string,
  partition: int32,
  offset: int64,
});

const request = struct({
  groupId: string,
  memberId: string,
  memberEpoch: int32,
  endpointInformationEpoch: int32,
  instanceId: withDefault(nullable(string), null),
  rackId: withDefault(nullable(string), null),
  rebalanceTimeoutMs: withDefault(int32, -1),
  topology: withDefault(
    nullable(
      struct({
        epoch: int32,
        subtopologies: array(
          struct({
            subtopologyId: string,
            sourceTopics: array(string),
            sourceTopicRegex: array(string),
            stateChangelogTopics: array(requestTopicInfo),
            repartitionSinkTopics: array(string),
            repartitionSourceTopics: array(requestTopicInfo),
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
    ),
    null,
  ),
  activeTasks: withDefault(nullable(array(requestTaskIds)), null),
  standbyTasks: withDefault(nullable(array(requestTaskIds)), null),
  warmupTasks: withDefault(nullable(array(requestTaskIds)), null),
  processId: withDefault(nullable(string), null),
  userEndpoint: withDefault(nullable(requestEndpoint), null),
  clientTags: withDefault(nullable(array(requestKeyValue)), null),
  taskOffsets: withDefault(nullable(array(requestTaskOffset)), null),
  taskEndOffsets: withDefault(nullable(array(requestTaskOffset)), null),
  shutdownApplication: withDefault(bool, false),
});

const responseStatus = struct({
  statusCode: int8,
  statusDetail: string,
});

const responseTaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

const responseEndpoint = struct({
  host: string,
  port: uint16,
});

const responseTopicPartition = struct({
  topic: string,
  partitions: array(int32),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  memberId: string,
  memberEpoch: int32,
  heartbeatIntervalMs: int32,
  acceptableRecoveryLag: int32,
  taskOffsetIntervalMs: int32,
  status: nullable(array(responseStatus)),
  activeTasks: withDefault(nullable(array(responseTaskIds)), null),
  standbyTasks: withDefault(nullable(array(responseTaskIds)), null),
  warmupTasks: withDefault(nullable(array(responseTaskIds)), null),
  endpointInformationEpoch: int32,
  partitionsByUserEndpoint: withDefault(
    nullable(
      array(
        struct({
          userEndpoint: responseEndpoint,
          activePartitions: array(responseTopicPartition),
          standbyPartitions: array(responseTopicPartition),
        }),
      ),
    ),
    null,
  ),
});

/** StreamsGroupHeartbeat (88): the one request of the streams protocol: topology, tasks, offsets (KIP-1071). */
export const StreamsGroupHeartbeat = api({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type StreamsGroupHeartbeatRequest = RequestOf<typeof StreamsGroupHeartbeat>;
export type StreamsGroupHeartbeatResponse = ResponseOf<typeof StreamsGroupHeartbeat>;

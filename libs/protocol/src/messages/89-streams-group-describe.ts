import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int64, nullable, string, struct, uint16, withDefault } from '../schema.js';

/**
 * StreamsGroupDescribe (89): state, topology, members and tasks of streams groups.
 */

const request = struct({
  groupIds: array(string),
  includeAuthorizedOperations: bool,
});

const keyValue = struct({
  key: string,
  value: string,
});

const topicInfo = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
});

const endpoint = struct({
  host: string,
  port: uint16,
});

const taskOffset = struct({
  subtopologyId: string,
  partition: int32,
  offset: int64,
});

const taskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

const assignment = struct({
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
});

const response = struct({
  throttleTimeMs: int32,
  groups: array(
    struct({
      errorCode: int16,
      errorMessage: withDefault(nullable(string), null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      topology: withDefault(
        nullable(
          struct({
            epoch: int32,
            subtopologies: withDefault(
              nullable(
                array(
                  struct({
                    subtopologyId: string,
                    sourceTopics: array(string),
                    repartitionSinkTopics: array(string),
                    stateChangelogTopics: array(topicInfo),
                    repartitionSourceTopics: array(topicInfo),
                  }),
                ),
              ),
              null,
            ),
          }),
        ),
        null,
      ),
      members: array(
        struct({
          memberId: string,
          memberEpoch: int32,
          instanceId: withDefault(nullable(string), null),
          rackId: withDefault(nullable(string), null),
          clientId: string,
          clientHost: string,
          topologyEpoch: int32,
          processId: string,
          userEndpoint: withDefault(nullable(endpoint), null),
          clientTags: array(keyValue),
          taskOffsets: array(taskOffset),
          taskEndOffsets: array(taskOffset),
          assignment: assignment,
          targetAssignment: assignment,
          isClassic: bool,
        }),
      ),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  ),
});

/** StreamsGroupDescribe (89): state, topology, members and tasks of streams groups. */
export const StreamsGroupDescribe = api({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type StreamsGroupDescribeRequest = RequestOf<typeof StreamsGroupDescribe>;
export type StreamsGroupDescribeResponse = ResponseOf<typeof StreamsGroupDescribe>;

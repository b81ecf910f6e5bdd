import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * ShareGroupDescribe (77): state, members and assignments of share groups.
 */

const request = struct({
  groupIds: array(string),
  includeAuthorizedOperations: bool,
});

const topicPartitions = struct({
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
});

const assignment = struct({
  topicPartitions: array(topicPartitions),
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
      assignorName: string,
      members: array(
        struct({
          memberId: string,
          rackId: withDefault(nullable(string), null),
          memberEpoch: int32,
          clientId: string,
          clientHost: string,
          subscribedTopicNames: array(string),
          assignment: assignment,
        }),
      ),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  ),
});

/** ShareGroupDescribe (77): state, members and assignments of share groups. */
export const ShareGroupDescribe = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ShareGroupDescribeRequest = RequestOf<typeof ShareGroupDescribe>;
export type ShareGroupDescribeResponse = ResponseOf<typeof ShareGroupDescribe>;

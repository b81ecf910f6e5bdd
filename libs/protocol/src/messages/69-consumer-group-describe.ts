import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
  ignorable,
  int16,
  int32,
  int8,
  nullable,
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * ConsumerGroupDescribe (69): state, members and assignments of groups of the consumer protocol.
 *
 * v1 tells the kind of each member.
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
          instanceId: withDefault(nullable(string), null),
          rackId: withDefault(nullable(string), null),
          memberEpoch: int32,
          clientId: string,
          clientHost: string,
          subscribedTopicNames: array(string),
          subscribedTopicRegex: withDefault(nullable(string), null),
          assignment: assignment,
          targetAssignment: assignment,
          memberType: ignorable(since(1, int8, -1)),
        }),
      ),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  ),
});

/** ConsumerGroupDescribe (69): state, members and assignments of groups of the consumer protocol. */
export const ConsumerGroupDescribe = api({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ConsumerGroupDescribeRequest = RequestOf<typeof ConsumerGroupDescribe>;
export type ConsumerGroupDescribeResponse = ResponseOf<typeof ConsumerGroupDescribe>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * ShareGroupHeartbeat (76): keeps a member of a share group alive, and brings its assignment (KIP-932).
 *
 * v0 was an early access and has gone.
 */

const request = struct({
  groupId: string,
  memberId: string,
  memberEpoch: int32,
  rackId: withDefault(nullable(string), null),
  subscribedTopicNames: withDefault(nullable(array(string)), null),
});

const topicPartitions = struct({
  topicId: uuid,
  partitions: array(int32),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  memberId: withDefault(nullable(string), null),
  memberEpoch: int32,
  heartbeatIntervalMs: int32,
  assignment: withDefault(
    nullable(
      struct({
        topicPartitions: array(topicPartitions),
      }),
    ),
    null,
  ),
});

/** ShareGroupHeartbeat (76): keeps a member of a share group alive, and brings its assignment (KIP-932). */
export const ShareGroupHeartbeat = api({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [1, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ShareGroupHeartbeatRequest = RequestOf<typeof ShareGroupHeartbeat>;
export type ShareGroupHeartbeatResponse = ResponseOf<typeof ShareGroupHeartbeat>;

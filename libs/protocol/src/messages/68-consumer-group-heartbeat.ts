import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, since, string, struct, uuid, withDefault } from '../schema.js';

/**
 * ConsumerGroupHeartbeat (68): the one request of the consumer protocol: joins, stays, acknowledges, leaves (KIP-848).
 *
 * v1 a regular expression of topics, and member ids made by the client (KIP-1082).
 */

const request = struct({
  groupId: string,
  memberId: string,
  memberEpoch: int32,
  instanceId: withDefault(nullable(string), null),
  rackId: withDefault(nullable(string), null),
  rebalanceTimeoutMs: withDefault(int32, -1),
  subscribedTopicNames: withDefault(nullable(array(string)), null),
  subscribedTopicRegex: since(1, nullable(string), null),
  serverAssignor: withDefault(nullable(string), null),
  topicPartitions: withDefault(
    nullable(
      array(
        struct({
          topicId: uuid,
          partitions: array(int32),
        }),
      ),
    ),
    null,
  ),
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

/** ConsumerGroupHeartbeat (68): the one request of the consumer protocol: joins, stays, acknowledges, leaves (KIP-848). */
export const ConsumerGroupHeartbeat = api({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ConsumerGroupHeartbeatRequest = RequestOf<typeof ConsumerGroupHeartbeat>;
export type ConsumerGroupHeartbeatResponse = ResponseOf<typeof ConsumerGroupHeartbeat>;

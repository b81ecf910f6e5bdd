import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * DescribeTopicPartitions (75): topics and partitions a page at a time, with eligible leader replicas (KIP-966).
 */

const request = struct({
  topics: array(
    struct({
      name: string,
    }),
  ),
  responsePartitionLimit: withDefault(int32, 2000),
  cursor: withDefault(
    nullable(
      struct({
        topicName: string,
        partitionIndex: int32,
      }),
    ),
    null,
  ),
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      errorCode: int16,
      name: nullable(string),
      topicId: uuid,
      isInternal: withDefault(bool, false),
      partitions: array(
        struct({
          errorCode: int16,
          partitionIndex: int32,
          leaderId: int32,
          leaderEpoch: withDefault(int32, -1),
          replicaNodes: array(int32),
          isrNodes: array(int32),
          eligibleLeaderReplicas: withDefault(nullable(array(int32)), null),
          lastKnownElr: withDefault(nullable(array(int32)), null),
          offlineReplicas: array(int32),
        }),
      ),
      topicAuthorizedOperations: withDefault(int32, -2147483648),
    }),
  ),
  nextCursor: withDefault(
    nullable(
      struct({
        topicName: string,
        partitionIndex: int32,
      }),
    ),
    null,
  ),
});

/** DescribeTopicPartitions (75): topics and partitions a page at a time, with eligible leader replicas (KIP-966). */
export const DescribeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeTopicPartitionsRequest = RequestOf<typeof DescribeTopicPartitions>;
export type DescribeTopicPartitionsResponse = ResponseOf<typeof DescribeTopicPartitions>;

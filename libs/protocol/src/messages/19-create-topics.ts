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
  tagged,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * CreateTopics (19): creates topics.
 *
 * v2 the oldest that is served.
 * v4 -1 stands for the broker’s default of partitions and replicas.
 * v5 is flexible, and tells partitions, replicas and configs of what was made.
 * v7 the new topic’s id.
 */

const request = struct({
  topics: array(
    struct({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array(
        struct({
          partitionIndex: int32,
          brokerIds: array(int32),
        }),
      ),
      configs: array(
        struct({
          name: string,
          value: nullable(string),
        }),
      ),
    }),
  ),
  timeoutMs: withDefault(int32, 60000),
  validateOnly: withDefault(bool, false),
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      topicId: ignorable(since(7, uuid)),
      errorCode: int16,
      errorMessage: nullable(string),
      topicConfigErrorCode: ignorable(tagged(0, since(5, int16))),
      numPartitions: ignorable(since(5, int32, -1)),
      replicationFactor: ignorable(since(5, int16, -1)),
      configs: ignorable(
        since(
          5,
          nullable(
            array(
              struct({
                name: string,
                value: nullable(string),
                readOnly: bool,
                configSource: withDefault(int8, -1),
                isSensitive: bool,
              }),
            ),
          ),
        ),
      ),
    }),
  ),
});

/** CreateTopics (19): creates topics. */
export const CreateTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request,
  response,
});
export type CreateTopicsRequest = RequestOf<typeof CreateTopics>;
export type CreateTopicsResponse = ResponseOf<typeof CreateTopics>;

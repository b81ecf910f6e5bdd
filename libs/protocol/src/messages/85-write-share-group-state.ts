import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  nullable,
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * WriteShareGroupState (85): writes the state of share partitions; between brokers.
 *
 * v1 how many records were delivered.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
          stateEpoch: int32,
          leaderEpoch: int32,
          startOffset: int64,
          deliveryCompleteCount: ignorable(since(1, int32, -1)),
          stateBatches: array(
            struct({
              firstOffset: int64,
              lastOffset: int64,
              deliveryState: int8,
              deliveryCount: int16,
            }),
          ),
        }),
      ),
    }),
  ),
});

const response = struct({
  results: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
        }),
      ),
    }),
  ),
});

/** WriteShareGroupState (85): writes the state of share partitions; between brokers. */
export const WriteShareGroupState = api({
  key: 85,
  name: 'WriteShareGroupState',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type WriteShareGroupStateRequest = RequestOf<typeof WriteShareGroupState>;
export type WriteShareGroupStateResponse = ResponseOf<typeof WriteShareGroupState>;

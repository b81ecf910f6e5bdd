import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, int8, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * ReadShareGroupState (84): reads the state of share partitions; between brokers.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
          leaderEpoch: int32,
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
          stateEpoch: int32,
          startOffset: int64,
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

/** ReadShareGroupState (84): reads the state of share partitions; between brokers. */
export const ReadShareGroupState = api({
  key: 84,
  name: 'ReadShareGroupState',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type ReadShareGroupStateRequest = RequestOf<typeof ReadShareGroupState>;
export type ReadShareGroupStateResponse = ResponseOf<typeof ReadShareGroupState>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * InitializeShareGroupState (83): begins the state of share partitions; between brokers.
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
          startOffset: int64,
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

/** InitializeShareGroupState (83): begins the state of share partitions; between brokers. */
export const InitializeShareGroupState = api({
  key: 83,
  name: 'InitializeShareGroupState',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type InitializeShareGroupStateRequest = RequestOf<typeof InitializeShareGroupState>;
export type InitializeShareGroupStateResponse = ResponseOf<typeof InitializeShareGroupState>;

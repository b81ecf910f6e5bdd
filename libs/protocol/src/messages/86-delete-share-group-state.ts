import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * DeleteShareGroupState (86): deletes the state of share partitions; between brokers.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
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

/** DeleteShareGroupState (86): deletes the state of share partitions; between brokers. */
export const DeleteShareGroupState = api({
  key: 86,
  name: 'DeleteShareGroupState',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DeleteShareGroupStateRequest = RequestOf<typeof DeleteShareGroupState>;
export type DeleteShareGroupStateResponse = ResponseOf<typeof DeleteShareGroupState>;

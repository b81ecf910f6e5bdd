import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, nullable, string, struct, withDefault } from '../schema.js';

/**
 * CreatePartitions (37): adds partitions to topics.
 *
 * v2 is flexible.
 * v3 tells that a throttled request has its own error code.
 */

const request = struct({
  topics: array(
    struct({
      name: string,
      count: int32,
      assignments: nullable(
        array(
          struct({
            brokerIds: array(int32),
          }),
        ),
      ),
    }),
  ),
  timeoutMs: int32,
  validateOnly: bool,
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      name: string,
      errorCode: int16,
      errorMessage: withDefault(nullable(string), null),
    }),
  ),
});

/** CreatePartitions (37): adds partitions to topics. */
export const CreatePartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request,
  response,
});
export type CreatePartitionsRequest = RequestOf<typeof CreatePartitions>;
export type CreatePartitionsResponse = ResponseOf<typeof CreatePartitions>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, string, struct, withDefault } from '../schema.js';

/**
 * ListPartitionReassignments (46): the moves of partitions that go on.
 */

const request = struct({
  timeoutMs: withDefault(int32, 60000),
  topics: withDefault(
    nullable(
      array(
        struct({
          name: string,
          partitionIndexes: array(int32),
        }),
      ),
    ),
    null,
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          replicas: array(int32),
          addingReplicas: array(int32),
          removingReplicas: array(int32),
        }),
      ),
    }),
  ),
});

/** ListPartitionReassignments (46): the moves of partitions that go on. */
export const ListPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type ListPartitionReassignmentsRequest = RequestOf<typeof ListPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseOf<typeof ListPartitionReassignments>;

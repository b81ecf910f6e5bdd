import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, nullable, since, string, struct, withDefault } from '../schema.js';

/**
 * AlterPartitionReassignments (45): moves partitions to other brokers; null replicas calls a move off.
 *
 * v1 may forbid to change the number of replicas (KIP-860).
 */

const request = struct({
  timeoutMs: withDefault(int32, 60000),
  allowReplicationFactorChange: since(1, bool, true),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          replicas: withDefault(nullable(array(int32)), null),
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  allowReplicationFactorChange: ignorable(since(1, bool, true)),
  errorCode: int16,
  errorMessage: nullable(string),
  responses: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: nullable(string),
        }),
      ),
    }),
  ),
});

/** AlterPartitionReassignments (45): moves partitions to other brokers; null replicas calls a move off. */
export const AlterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type AlterPartitionReassignmentsRequest = RequestOf<typeof AlterPartitionReassignments>;
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof AlterPartitionReassignments>;

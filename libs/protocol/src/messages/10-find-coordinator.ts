import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, between, ignorable, int16, int32, int8, nullable, since, string, struct, until } from '../schema.js';

/**
 * FindCoordinator (10): the broker that coordinates a group, a transaction or a share partition.
 *
 * v1 key types: 0 group, 1 transaction.
 * v3 is flexible.
 * v4 many keys at once; the single key and its answer are gone.
 * v5 tells clients that TRANSACTION_ABORTABLE is known.
 * v6 key type 2: share partition.
 */

const request = struct({
  key: until(3, string),
  keyType: since(1, int8, 0),
  coordinatorKeys: since(4, array(string)),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  errorCode: until(3, int16),
  errorMessage: ignorable(between(1, 3, nullable(string))),
  nodeId: until(3, int32),
  host: until(3, string),
  port: until(3, int32),
  coordinators: since(
    4,
    array(
      struct({
        key: string,
        nodeId: int32,
        host: string,
        port: int32,
        errorCode: int16,
        errorMessage: nullable(string),
      }),
    ),
  ),
});

/** FindCoordinator (10): the broker that coordinates a group, a transaction or a share partition. */
export const FindCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleFrom: 3,
  request,
  response,
});
export type FindCoordinatorRequest = RequestOf<typeof FindCoordinator>;
export type FindCoordinatorResponse = ResponseOf<typeof FindCoordinator>;

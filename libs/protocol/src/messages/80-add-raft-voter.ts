import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, nullable, since, string, struct, uint16, uuid } from '../schema.js';

/**
 * AddRaftVoter (80): adds a voter to the metadata quorum (KIP-853).
 *
 * v1 may answer before the change is committed.
 */

const request = struct({
  clusterId: nullable(string),
  timeoutMs: int32,
  voterId: int32,
  voterDirectoryId: uuid,
  listeners: array(
    struct({
      name: string,
      host: string,
      port: uint16,
    }),
  ),
  ackWhenCommitted: since(1, bool, true),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
});

/** AddRaftVoter (80): adds a voter to the metadata quorum (KIP-853). */
export const AddRaftVoter = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type AddRaftVoterRequest = RequestOf<typeof AddRaftVoter>;
export type AddRaftVoterResponse = ResponseOf<typeof AddRaftVoter>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { int16, int32, nullable, string, struct, uuid } from '../schema.js';

/**
 * RemoveRaftVoter (81): removes a voter from the metadata quorum (KIP-853).
 */

const request = struct({
  clusterId: nullable(string),
  voterId: int32,
  voterDirectoryId: uuid,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
});

/** RemoveRaftVoter (81): removes a voter from the metadata quorum (KIP-853). */
export const RemoveRaftVoter = api({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type RemoveRaftVoterRequest = RequestOf<typeof RemoveRaftVoter>;
export type RemoveRaftVoterResponse = ResponseOf<typeof RemoveRaftVoter>;

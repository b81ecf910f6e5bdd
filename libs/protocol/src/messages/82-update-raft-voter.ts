import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, string, struct, tagged, uint16, uuid, withDefault } from '../schema.js';

/**
 * UpdateRaftVoter (82): a voter tells its end points and versions (KIP-853).
 */

const request = struct({
  clusterId: nullable(string),
  currentLeaderEpoch: int32,
  voterId: int32,
  voterDirectoryId: uuid,
  listeners: array(
    struct({
      name: string,
      host: string,
      port: uint16,
    }),
  ),
  kRaftVersionFeature: struct({
    minSupportedVersion: int16,
    maxSupportedVersion: int16,
  }),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  currentLeader: tagged(
    0,
    struct({
      leaderId: withDefault(int32, -1),
      leaderEpoch: withDefault(int32, -1),
      host: string,
      port: int32,
    }),
  ),
});

/** UpdateRaftVoter (82): a voter tells its end points and versions (KIP-853). */
export const UpdateRaftVoter = api({
  key: 82,
  name: 'UpdateRaftVoter',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type UpdateRaftVoterRequest = RequestOf<typeof UpdateRaftVoter>;
export type UpdateRaftVoterResponse = ResponseOf<typeof UpdateRaftVoter>;

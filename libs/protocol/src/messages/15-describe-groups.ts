import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, bytes, ignorable, int16, int32, nullable, since, string, struct } from '../schema.js';

/**
 * DescribeGroups (15): state, members and assignments of classic groups.
 *
 * v3 authorized operations.
 * v4 static members.
 * v5 is flexible.
 * v6 a group that is not there is an error with a text, and no longer Dead (KIP-1043).
 */

const request = struct({
  groups: array(string),
  includeAuthorizedOperations: since(3, bool),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  groups: array(
    struct({
      errorCode: int16,
      errorMessage: since(6, nullable(string), null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array(
        struct({
          memberId: string,
          groupInstanceId: ignorable(since(4, nullable(string), null)),
          clientId: string,
          clientHost: string,
          memberMetadata: bytes,
          memberAssignment: bytes,
        }),
      ),
      authorizedOperations: since(3, int32, -2147483648),
    }),
  ),
});

/** DescribeGroups (15): state, members and assignments of classic groups. */
export const DescribeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request,
  response,
});
export type DescribeGroupsRequest = RequestOf<typeof DescribeGroups>;
export type DescribeGroupsResponse = ResponseOf<typeof DescribeGroups>;

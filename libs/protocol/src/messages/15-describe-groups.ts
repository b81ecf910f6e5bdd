import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, bytes, ignorable, int16, int32, nullable, since, string, struct } from '../schema.js';

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

/**
 * DescribeGroups (15):
 */
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

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int8, nullable, string, struct, withDefault } from '../schema.js';

/**
 * DescribeAcls (29): lists ACLs that match a filter.
 *
 * v1 patterns.
 * v2 is flexible.
 */

const request = struct({
  resourceTypeFilter: int8,
  resourceNameFilter: nullable(string),
  patternTypeFilter: withDefault(int8, 3),
  principalFilter: nullable(string),
  hostFilter: nullable(string),
  operation: int8,
  permissionType: int8,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
  resources: array(
    struct({
      resourceType: int8,
      resourceName: string,
      patternType: withDefault(int8, 3),
      acls: array(
        struct({
          principal: string,
          host: string,
          operation: int8,
          permissionType: int8,
        }),
      ),
    }),
  ),
});

/** DescribeAcls (29): lists ACLs that match a filter. */
export const DescribeAcls = api({
  key: 29,
  name: 'DescribeAcls',
  versions: [1, 3],
  flexibleFrom: 2,
  request,
  response,
});
export type DescribeAclsRequest = RequestOf<typeof DescribeAcls>;
export type DescribeAclsResponse = ResponseOf<typeof DescribeAcls>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int8, nullable, string, struct, withDefault } from '../schema.js';

/**
 * DeleteAcls (31): deletes ACLs that match filters.
 *
 * v1 patterns.
 * v2 is flexible.
 */

const request = struct({
  filters: array(
    struct({
      resourceTypeFilter: int8,
      resourceNameFilter: nullable(string),
      patternTypeFilter: withDefault(int8, 3),
      principalFilter: nullable(string),
      hostFilter: nullable(string),
      operation: int8,
      permissionType: int8,
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  filterResults: array(
    struct({
      errorCode: int16,
      errorMessage: nullable(string),
      matchingAcls: array(
        struct({
          errorCode: int16,
          errorMessage: nullable(string),
          resourceType: int8,
          resourceName: string,
          patternType: withDefault(int8, 3),
          principal: string,
          host: string,
          operation: int8,
          permissionType: int8,
        }),
      ),
    }),
  ),
});

/** DeleteAcls (31): deletes ACLs that match filters. */
export const DeleteAcls = api({ key: 31, name: 'DeleteAcls', versions: [1, 3], flexibleFrom: 2, request, response });
export type DeleteAclsRequest = RequestOf<typeof DeleteAcls>;
export type DeleteAclsResponse = ResponseOf<typeof DeleteAcls>;

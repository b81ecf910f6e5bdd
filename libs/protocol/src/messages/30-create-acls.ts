import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int8, nullable, string, struct, withDefault } from '../schema.js';

/**
 * CreateAcls (30): creates ACLs.
 *
 * v1 patterns.
 * v2 is flexible.
 */

const request = struct({
  creations: array(
    struct({
      resourceType: int8,
      resourceName: string,
      resourcePatternType: withDefault(int8, 3),
      principal: string,
      host: string,
      operation: int8,
      permissionType: int8,
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      errorCode: int16,
      errorMessage: nullable(string),
    }),
  ),
});

/** CreateAcls (30): creates ACLs. */
export const CreateAcls = api({ key: 30, name: 'CreateAcls', versions: [1, 3], flexibleFrom: 2, request, response });
export type CreateAclsRequest = RequestOf<typeof CreateAcls>;
export type CreateAclsResponse = ResponseOf<typeof CreateAcls>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.js';

/**
 * AlterConfigs (33): replaces all configs of a resource; what is not named falls back to its default.
 *
 * v2 is flexible.
 */

const request = struct({
  resources: array(
    struct({
      resourceType: int8,
      resourceName: string,
      configs: array(
        struct({
          name: string,
          value: nullable(string),
        }),
      ),
    }),
  ),
  validateOnly: bool,
});

const response = struct({
  throttleTimeMs: int32,
  responses: array(
    struct({
      errorCode: int16,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
    }),
  ),
});

/** AlterConfigs (33): replaces all configs of a resource; what is not named falls back to its default. */
export const AlterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type AlterConfigsRequest = RequestOf<typeof AlterConfigs>;
export type AlterConfigsResponse = ResponseOf<typeof AlterConfigs>;

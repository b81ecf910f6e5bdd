import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.js';

/**
 * IncrementalAlterConfigs (44): changes single configs: set, delete, append, subtract.
 *
 * v1 is flexible.
 */

const request = struct({
  resources: array(
    struct({
      resourceType: int8,
      resourceName: string,
      configs: array(
        struct({
          name: string,
          configOperation: int8,
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

/** IncrementalAlterConfigs (44): changes single configs: set, delete, append, subtract. */
export const IncrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request,
  response,
});
export type IncrementalAlterConfigsRequest = RequestOf<typeof IncrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof IncrementalAlterConfigs>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, float64, int16, int32, nullable, string, struct } from '../schema.js';

/**
 * AlterClientQuotas (49): changes quotas.
 *
 * v1 is flexible.
 */

const request = struct({
  entries: array(
    struct({
      entity: array(
        struct({
          entityType: string,
          entityName: nullable(string),
        }),
      ),
      ops: array(
        struct({
          key: string,
          value: float64,
          remove: bool,
        }),
      ),
    }),
  ),
  validateOnly: bool,
});

const response = struct({
  throttleTimeMs: int32,
  entries: array(
    struct({
      errorCode: int16,
      errorMessage: nullable(string),
      entity: array(
        struct({
          entityType: string,
          entityName: nullable(string),
        }),
      ),
    }),
  ),
});

/** AlterClientQuotas (49): changes quotas. */
export const AlterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleFrom: 1,
  request,
  response,
});
export type AlterClientQuotasRequest = RequestOf<typeof AlterClientQuotas>;
export type AlterClientQuotasResponse = ResponseOf<typeof AlterClientQuotas>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, float64, int16, int32, int8, nullable, string, struct } from '../schema.js';

/**
 * DescribeClientQuotas (48): quotas that match a filter.
 *
 * v1 is flexible.
 */

const request = struct({
  components: array(
    struct({
      entityType: string,
      matchType: int8,
      match: nullable(string),
    }),
  ),
  strict: bool,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
  entries: nullable(
    array(
      struct({
        entity: array(
          struct({
            entityType: string,
            entityName: nullable(string),
          }),
        ),
        values: array(
          struct({
            key: string,
            value: float64,
          }),
        ),
      }),
    ),
  ),
});

/** DescribeClientQuotas (48): quotas that match a filter. */
export const DescribeClientQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexibleFrom: 1,
  request,
  response,
});
export type DescribeClientQuotasRequest = RequestOf<typeof DescribeClientQuotas>;
export type DescribeClientQuotasResponse = ResponseOf<typeof DescribeClientQuotas>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, int8, since, string, struct } from '../schema.js';

/**
 * ListConfigResources (74): the resources that have configs of their own.
 *
 * v0 client metrics only; v1 the kinds that are asked for (KIP-1142).
 */

const request = struct({
  resourceTypes: since(1, array(int8)),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  configResources: array(
    struct({
      resourceName: string,
      resourceType: ignorable(since(1, int8, 16)),
    }),
  ),
});

/** ListConfigResources (74): the resources that have configs of their own. */
export const ListConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ListConfigResourcesRequest = RequestOf<typeof ListConfigResources>;
export type ListConfigResourcesResponse = ResponseOf<typeof ListConfigResources>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, since, string, struct } from '../schema.js';

/**
 * ListGroups (16): the groups that this broker coordinates.
 *
 * v3 is flexible.
 * v4 filters by state.
 * v5 filters by type, and tells it.
 */

const request = struct({
  statesFilter: since(4, array(string)),
  typesFilter: since(5, array(string)),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  errorCode: int16,
  groups: array(
    struct({
      groupId: string,
      protocolType: string,
      groupState: ignorable(since(4, string)),
      groupType: ignorable(since(5, string)),
    }),
  ),
});

/** ListGroups (16): the groups that this broker coordinates. */
export const ListGroups = api({ key: 16, name: 'ListGroups', versions: [0, 5], flexibleFrom: 3, request, response });
export type ListGroupsRequest = RequestOf<typeof ListGroups>;
export type ListGroupsResponse = ResponseOf<typeof ListGroups>;

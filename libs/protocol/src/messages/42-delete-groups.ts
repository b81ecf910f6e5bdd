import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, string, struct } from '../schema.js';

/**
 * DeleteGroups (42): deletes groups that are empty.
 *
 * v2 is flexible.
 */

const request = struct({
  groupsNames: array(string),
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      groupId: string,
      errorCode: int16,
    }),
  ),
});

/** DeleteGroups (42): deletes groups that are empty. */
export const DeleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type DeleteGroupsRequest = RequestOf<typeof DeleteGroups>;
export type DeleteGroupsResponse = ResponseOf<typeof DeleteGroups>;

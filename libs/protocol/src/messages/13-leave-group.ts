import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, nullable, since, string, struct, until, withDefault } from '../schema.js';

/**
 * LeaveGroup (13): leaves a classic group.
 *
 * v3 several members at once, which an admin may use to remove static ones.
 * v4 is flexible.
 * v5 the reason for leaving.
 */

const request = struct({
  groupId: string,
  memberId: until(2, string),
  members: since(
    3,
    array(
      struct({
        memberId: string,
        groupInstanceId: withDefault(nullable(string), null),
        reason: ignorable(since(5, nullable(string), null)),
      }),
    ),
  ),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  errorCode: int16,
  members: since(
    3,
    array(
      struct({
        memberId: string,
        groupInstanceId: nullable(string),
        errorCode: int16,
      }),
    ),
  ),
});

/** LeaveGroup (13): leaves a classic group. */
export const LeaveGroup = api({ key: 13, name: 'LeaveGroup', versions: [0, 5], flexibleFrom: 4, request, response });
export type LeaveGroupRequest = RequestOf<typeof LeaveGroup>;
export type LeaveGroupResponse = ResponseOf<typeof LeaveGroup>;

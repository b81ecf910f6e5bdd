import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bytes, ignorable, int16, int32, nullable, since, string, struct } from '../schema.js';

/**
 * SyncGroup (14): hands out the assignment of a classic group: the leader brings it, everybody waits for his part.
 *
 * v3 static members.
 * v4 is flexible.
 * v5 protocol type and name are compared with the group’s.
 */

const request = struct({
  groupId: string,
  generationId: int32,
  memberId: string,
  groupInstanceId: since(3, nullable(string), null),
  protocolType: ignorable(since(5, nullable(string), null)),
  protocolName: ignorable(since(5, nullable(string), null)),
  assignments: array(
    struct({
      memberId: string,
      assignment: bytes,
    }),
  ),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  errorCode: int16,
  protocolType: ignorable(since(5, nullable(string), null)),
  protocolName: ignorable(since(5, nullable(string), null)),
  assignment: bytes,
});

/** SyncGroup (14): hands out the assignment of a classic group: the leader brings it, everybody waits for his part. */
export const SyncGroup = api({ key: 14, name: 'SyncGroup', versions: [0, 5], flexibleFrom: 4, request, response });
export type SyncGroupRequest = RequestOf<typeof SyncGroup>;
export type SyncGroupResponse = ResponseOf<typeof SyncGroup>;

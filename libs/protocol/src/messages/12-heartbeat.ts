import { type RequestOf, type ResponseOf, api } from '../api.js';
import { ignorable, int16, int32, nullable, since, string, struct } from '../schema.js';

/**
 * Heartbeat (12): keeps a member of a classic group alive, and tells it of rebalances.
 *
 * v3 static members.
 * v4 is flexible.
 */

const request = struct({
  groupId: string,
  generationId: int32,
  memberId: string,
  groupInstanceId: since(3, nullable(string), null),
});

const response = struct({
  throttleTimeMs: ignorable(since(1, int32)),
  errorCode: int16,
});

/** Heartbeat (12): keeps a member of a classic group alive, and tells it of rebalances. */
export const Heartbeat = api({ key: 12, name: 'Heartbeat', versions: [0, 4], flexibleFrom: 4, request, response });
export type HeartbeatRequest = RequestOf<typeof Heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof Heartbeat>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { ignorable, int16, int32, nullable, since, string, struct } from '../schema.js';

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

/**
 * Heartbeat (12):
 */
export const Heartbeat = api({ key: 12, name: 'Heartbeat', versions: [0, 4], flexibleFrom: 4, request, response });
export type HeartbeatRequest = RequestOf<typeof Heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof Heartbeat>;

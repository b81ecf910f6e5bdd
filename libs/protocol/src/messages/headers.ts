// The headers in front of every request and response.
import { message } from '../api.js';
import { type Decoded, classic, int16, int32, nullable, string, struct } from '../schema.js';

/**  */
export const RequestHeader = message({
  name: 'RequestHeader',
  versions: [1, 2],
  flexibleFrom: 2,
  type: struct({
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: classic(nullable(string)),
  }),
});
export type RequestHeader = Decoded<typeof RequestHeader>;

/**  */
export const ResponseHeader = message({
  name: 'ResponseHeader',
  versions: [0, 1],
  flexibleFrom: 1,
  type: struct({
    correlationId: int32,
  }),
});
export type ResponseHeader = Decoded<typeof ResponseHeader>;

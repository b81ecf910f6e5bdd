// The headers in front of every request and response.
import { message } from '../api.js';
import { type Decoded, classic, int16, int32, nullable, string, struct } from '../schema.js';

/** In front of each request. Version 1 with classic bodies, 2 with flexible ones; the client id is classic in both. */
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

/** In front of each response. Version 0 with classic bodies and always with ApiVersions, 1 with the other flexible ones. */
export const ResponseHeader = message({
  name: 'ResponseHeader',
  versions: [0, 1],
  flexibleFrom: 1,
  type: struct({
    correlationId: int32,
  }),
});
export type ResponseHeader = Decoded<typeof ResponseHeader>;

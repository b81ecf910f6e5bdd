import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bytes, ignorable, int16, int64, nullable, since, string, struct } from '../schema.js';

/**
 * SaslAuthenticate (36): one step of a SASL exchange.
 *
 * v1 how long the session lasts.
 * v2 is flexible.
 */

const request = struct({
  authBytes: bytes,
});

const response = struct({
  errorCode: int16,
  errorMessage: nullable(string),
  authBytes: bytes,
  sessionLifetimeMs: ignorable(since(1, int64, 0n)),
});

/** SaslAuthenticate (36): one step of a SASL exchange. */
export const SaslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type SaslAuthenticateRequest = RequestOf<typeof SaslAuthenticate>;
export type SaslAuthenticateResponse = ResponseOf<typeof SaslAuthenticate>;

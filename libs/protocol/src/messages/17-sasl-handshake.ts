import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, string, struct } from '../schema.js';

/**
 * SaslHandshake (17): agrees on a SASL mechanism.
 *
 * v0 the exchange follows as bare bytes without Kafka’s headers; v1 in SaslAuthenticate. Never flexible.
 */

const request = struct({
  mechanism: string,
});

const response = struct({
  errorCode: int16,
  mechanisms: array(string),
});

/** SaslHandshake (17): agrees on a SASL mechanism. */
export const SaslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexibleFrom: Infinity,
  request,
  response,
});
export type SaslHandshakeRequest = RequestOf<typeof SaslHandshake>;
export type SaslHandshakeResponse = ResponseOf<typeof SaslHandshake>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, string, struct } from '../schema.js';

const request = struct({
  mechanism: string,
});

const response = struct({
  errorCode: int16,
  mechanisms: array(string),
});

/**
 * SaslHandshake (17):
 */
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

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { int16, int32, nullable, string, struct } from '../schema.js';

/**
 * UnregisterBroker (64): forgets a broker that is gone for good.
 */

const request = struct({
  brokerId: int32,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
});

/** UnregisterBroker (64): forgets a broker that is gone for good. */
export const UnregisterBroker = api({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type UnregisterBrokerRequest = RequestOf<typeof UnregisterBroker>;
export type UnregisterBrokerResponse = ResponseOf<typeof UnregisterBroker>;

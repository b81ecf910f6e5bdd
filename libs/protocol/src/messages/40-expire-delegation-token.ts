import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bytes, int16, int32, int64, struct } from '../schema.js';

const request = struct({
  hmac: bytes,
  expiryTimePeriodMs: int64,
});

const response = struct({
  errorCode: int16,
  expiryTimestampMs: int64,
  throttleTimeMs: int32,
});

/**
 * ExpireDelegationToken (40):
 */
export const ExpireDelegationToken = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [1, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type ExpireDelegationTokenRequest = RequestOf<typeof ExpireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseOf<typeof ExpireDelegationToken>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bytes, int16, int32, int64, struct } from '../schema.js';

/**
 * ExpireDelegationToken (40): lets a delegation token end.
 *
 * v2 is flexible.
 */

const request = struct({
  hmac: bytes,
  expiryTimePeriodMs: int64,
});

const response = struct({
  errorCode: int16,
  expiryTimestampMs: int64,
  throttleTimeMs: int32,
});

/** ExpireDelegationToken (40): lets a delegation token end. */
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

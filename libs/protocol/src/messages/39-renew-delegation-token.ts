import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bytes, int16, int32, int64, struct } from '../schema.js';

/**
 * RenewDelegationToken (39): prolongs a delegation token.
 *
 * v2 is flexible.
 */

const request = struct({
  hmac: bytes,
  renewPeriodMs: int64,
});

const response = struct({
  errorCode: int16,
  expiryTimestampMs: int64,
  throttleTimeMs: int32,
});

/** RenewDelegationToken (39): prolongs a delegation token. */
export const RenewDelegationToken = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [1, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type RenewDelegationTokenRequest = RequestOf<typeof RenewDelegationToken>;
export type RenewDelegationTokenResponse = ResponseOf<typeof RenewDelegationToken>;

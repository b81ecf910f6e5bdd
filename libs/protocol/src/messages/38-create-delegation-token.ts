import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bytes, int16, int32, int64, nullable, since, string, struct } from '../schema.js';

/**
 * CreateDelegationToken (38): makes a delegation token.
 *
 * v2 is flexible.
 * v3 on behalf of another.
 */

const request = struct({
  ownerPrincipalType: since(3, nullable(string)),
  ownerPrincipalName: since(3, nullable(string)),
  renewers: array(
    struct({
      principalType: string,
      principalName: string,
    }),
  ),
  maxLifetimeMs: int64,
});

const response = struct({
  errorCode: int16,
  principalType: string,
  principalName: string,
  tokenRequesterPrincipalType: since(3, string),
  tokenRequesterPrincipalName: since(3, string),
  issueTimestampMs: int64,
  expiryTimestampMs: int64,
  maxTimestampMs: int64,
  tokenId: string,
  hmac: bytes,
  throttleTimeMs: int32,
});

/** CreateDelegationToken (38): makes a delegation token. */
export const CreateDelegationToken = api({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [1, 3],
  flexibleFrom: 2,
  request,
  response,
});
export type CreateDelegationTokenRequest = RequestOf<typeof CreateDelegationToken>;
export type CreateDelegationTokenResponse = ResponseOf<typeof CreateDelegationToken>;

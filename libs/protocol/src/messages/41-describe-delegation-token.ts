import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bytes, int16, int32, int64, nullable, since, string, struct } from '../schema.js';

/**
 * DescribeDelegationToken (41): lists delegation tokens.
 *
 * v2 is flexible.
 * v3 tells who asked for it.
 */

const request = struct({
  owners: nullable(
    array(
      struct({
        principalType: string,
        principalName: string,
      }),
    ),
  ),
});

const response = struct({
  errorCode: int16,
  tokens: array(
    struct({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: since(3, string),
      tokenRequesterPrincipalName: since(3, string),
      issueTimestamp: int64,
      expiryTimestamp: int64,
      maxTimestamp: int64,
      tokenId: string,
      hmac: bytes,
      renewers: array(
        struct({
          principalType: string,
          principalName: string,
        }),
      ),
    }),
  ),
  throttleTimeMs: int32,
});

/** DescribeDelegationToken (41): lists delegation tokens. */
export const DescribeDelegationToken = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [1, 3],
  flexibleFrom: 2,
  request,
  response,
});
export type DescribeDelegationTokenRequest = RequestOf<typeof DescribeDelegationToken>;
export type DescribeDelegationTokenResponse = ResponseOf<typeof DescribeDelegationToken>;

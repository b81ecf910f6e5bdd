import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.js';

/**
 * DescribeUserScramCredentials (50): which SCRAM credentials users have; never the credentials.
 */

const request = struct({
  users: nullable(
    array(
      struct({
        name: string,
      }),
    ),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
  results: array(
    struct({
      user: string,
      errorCode: int16,
      errorMessage: nullable(string),
      credentialInfos: array(
        struct({
          mechanism: int8,
          iterations: int32,
        }),
      ),
    }),
  ),
});

/** DescribeUserScramCredentials (50): which SCRAM credentials users have; never the credentials. */
export const DescribeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeUserScramCredentialsRequest = RequestOf<typeof DescribeUserScramCredentials>;
export type DescribeUserScramCredentialsResponse = ResponseOf<typeof DescribeUserScramCredentials>;

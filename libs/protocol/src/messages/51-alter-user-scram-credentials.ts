import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bytes, int16, int32, int8, nullable, string, struct } from '../schema.js';

/**
 * AlterUserScramCredentials (51): sets and deletes SCRAM credentials; the salted password is made by the client.
 */

const request = struct({
  deletions: array(
    struct({
      name: string,
      mechanism: int8,
    }),
  ),
  upsertions: array(
    struct({
      name: string,
      mechanism: int8,
      iterations: int32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      user: string,
      errorCode: int16,
      errorMessage: nullable(string),
    }),
  ),
});

/** AlterUserScramCredentials (51): sets and deletes SCRAM credentials; the salted password is made by the client. */
export const AlterUserScramCredentials = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type AlterUserScramCredentialsRequest = RequestOf<typeof AlterUserScramCredentials>;
export type AlterUserScramCredentialsResponse = ResponseOf<typeof AlterUserScramCredentials>;

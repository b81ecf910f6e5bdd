// Records of the metadata log: ACLs, SCRAM credentials, delegation tokens.
// On disk: unsigned varints 1, key, version, then the body.
import { recordMessage } from '../api.js';
import { type Decoded, array, bytes, int32, int64, int8, string, struct, uuid } from '../schema.js';

/** An ACL. */
export const AccessControlEntryRecord = recordMessage({
  key: 18,
  name: 'AccessControlEntryRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    id: uuid,
    resourceType: int8,
    resourceName: string,
    patternType: int8,
    principal: string,
    host: string,
    operation: int8,
    permissionType: int8,
  }),
});
export type AccessControlEntryRecord = Decoded<typeof AccessControlEntryRecord>;

/** An ACL went. */
export const RemoveAccessControlEntryRecord = recordMessage({
  key: 19,
  name: 'RemoveAccessControlEntryRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    id: uuid,
  }),
});
export type RemoveAccessControlEntryRecord = Decoded<typeof RemoveAccessControlEntryRecord>;

/** A user’s SCRAM credential. */
export const UserScramCredentialRecord = recordMessage({
  key: 11,
  name: 'UserScramCredentialRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    name: string,
    mechanism: int8,
    salt: bytes,
    storedKey: bytes,
    serverKey: bytes,
    iterations: int32,
  }),
});
export type UserScramCredentialRecord = Decoded<typeof UserScramCredentialRecord>;

/** A user’s SCRAM credential went. */
export const RemoveUserScramCredentialRecord = recordMessage({
  key: 22,
  name: 'RemoveUserScramCredentialRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    name: string,
    mechanism: int8,
  }),
});
export type RemoveUserScramCredentialRecord = Decoded<typeof RemoveUserScramCredentialRecord>;

/** A delegation token. */
export const DelegationTokenRecord = recordMessage({
  key: 10,
  name: 'DelegationTokenRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    owner: string,
    requester: string,
    renewers: array(string),
    issueTimestamp: int64,
    maxTimestamp: int64,
    expirationTimestamp: int64,
    tokenId: string,
  }),
});
export type DelegationTokenRecord = Decoded<typeof DelegationTokenRecord>;

/** A delegation token went. */
export const RemoveDelegationTokenRecord = recordMessage({
  key: 26,
  name: 'RemoveDelegationTokenRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    tokenId: string,
  }),
});
export type RemoveDelegationTokenRecord = Decoded<typeof RemoveDelegationTokenRecord>;

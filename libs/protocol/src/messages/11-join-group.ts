import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
  bytes,
  ignorable,
  int16,
  int32,
  nullable,
  nullableSince,
  since,
  string,
  struct,
  withDefault,
} from '../schema.js';

/**
 * JoinGroup (11): enters a group of the classic protocol, and waits until its round is complete.
 *
 * v1 a rebalance timeout apart from the session timeout.
 * v4 a new member is given its id first (KIP-394).
 * v5 static members (KIP-345).
 * v6 is flexible.
 * v7 answers the protocol type; the protocol’s name may be null.
 * v8 the reason for joining.
 * v9 a leader may be told to skip the assignment (KIP-814).
 */

const request = struct({
  groupId: string,
  sessionTimeoutMs: int32,
  rebalanceTimeoutMs: ignorable(since(1, int32, -1)),
  memberId: string,
  groupInstanceId: since(5, nullable(string), null),
  protocolType: string,
  protocols: array(
    struct({
      name: string,
      metadata: bytes,
    }),
  ),
  reason: ignorable(since(8, nullable(string), null)),
});

const response = struct({
  throttleTimeMs: ignorable(since(2, int32)),
  errorCode: int16,
  generationId: withDefault(int32, -1),
  protocolType: ignorable(since(7, nullable(string), null)),
  protocolName: nullableSince(7, string),
  leader: string,
  skipAssignment: since(9, bool, false),
  memberId: string,
  members: array(
    struct({
      memberId: string,
      groupInstanceId: ignorable(since(5, nullable(string), null)),
      metadata: bytes,
    }),
  ),
});

/** JoinGroup (11): enters a group of the classic protocol, and waits until its round is complete. */
export const JoinGroup = api({ key: 11, name: 'JoinGroup', versions: [0, 9], flexibleFrom: 6, request, response });
export type JoinGroupRequest = RequestOf<typeof JoinGroup>;
export type JoinGroupResponse = ResponseOf<typeof JoinGroup>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  since,
  string,
  struct,
  until,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * OffsetCommit (8): stores a group’s offsets.
 *
 * v2 to v4 a retention of the client’s own; later the broker’s applies.
 * v6 the leader epoch of the last record read.
 * v7 static members.
 * v8 is flexible.
 * v9 members of the consumer protocol (KIP-848): a stale epoch is told apart.
 * v10 names topics by id.
 */

const request = struct({
  groupId: string,
  generationIdOrMemberEpoch: withDefault(int32, -1),
  memberId: string,
  groupInstanceId: since(7, nullable(string), null),
  retentionTimeMs: ignorable(until(4, int64, -1n)),
  topics: array(
    struct({
      name: ignorable(until(9, string)),
      topicId: ignorable(since(10, uuid)),
      partitions: array(
        struct({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: ignorable(since(6, int32, -1)),
          committedMetadata: nullable(string),
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: ignorable(since(3, int32)),
  topics: array(
    struct({
      name: ignorable(until(9, string)),
      topicId: ignorable(since(10, uuid)),
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
        }),
      ),
    }),
  ),
});

/** OffsetCommit (8): stores a group’s offsets. */
export const OffsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexibleFrom: 8,
  request,
  response,
});
export type OffsetCommitRequest = RequestOf<typeof OffsetCommit>;
export type OffsetCommitResponse = ResponseOf<typeof OffsetCommit>;

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

/**
 * OffsetCommit (8):
 */
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

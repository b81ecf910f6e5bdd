import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  between,
  bool,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  nullableSince,
  since,
  string,
  struct,
  until,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * OffsetFetch (9): reads a group’s offsets.
 *
 * v2 null topics means all; an error of the whole answer.
 * v5 leader epochs.
 * v6 is flexible.
 * v7 may ask to wait out open transactions (KIP-447).
 * v8 several groups at once.
 * v9 member id and epoch (KIP-848).
 * v10 names topics by id.
 */

const request = struct({
  groupId: until(7, string),
  topics: until(
    7,
    nullableSince(
      2,
      array(
        struct({
          name: string,
          partitionIndexes: array(int32),
        }),
      ),
    ),
  ),
  groups: since(
    8,
    array(
      struct({
        groupId: string,
        memberId: ignorable(since(9, nullable(string), null)),
        memberEpoch: ignorable(since(9, int32, -1)),
        topics: nullable(
          array(
            struct({
              name: ignorable(until(9, string)),
              topicId: ignorable(since(10, uuid)),
              partitionIndexes: array(int32),
            }),
          ),
        ),
      }),
    ),
  ),
  requireStable: since(7, bool, false),
});

const response = struct({
  throttleTimeMs: ignorable(since(3, int32)),
  topics: until(
    7,
    array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: ignorable(since(5, int32, -1)),
            metadata: nullable(string),
            errorCode: int16,
          }),
        ),
      }),
    ),
  ),
  errorCode: ignorable(between(2, 7, int16, 0)),
  groups: since(
    8,
    array(
      struct({
        groupId: string,
        topics: array(
          struct({
            name: ignorable(until(9, string)),
            topicId: ignorable(since(10, uuid)),
            partitions: array(
              struct({
                partitionIndex: int32,
                committedOffset: int64,
                committedLeaderEpoch: withDefault(int32, -1),
                metadata: nullable(string),
                errorCode: int16,
              }),
            ),
          }),
        ),
        errorCode: withDefault(int16, 0),
      }),
    ),
  ),
});

/** OffsetFetch (9): reads a group’s offsets. */
export const OffsetFetch = api({ key: 9, name: 'OffsetFetch', versions: [1, 10], flexibleFrom: 6, request, response });
export type OffsetFetchRequest = RequestOf<typeof OffsetFetch>;
export type OffsetFetchResponse = ResponseOf<typeof OffsetFetch>;

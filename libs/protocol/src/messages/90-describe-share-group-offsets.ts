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
  uuid,
  withDefault,
} from '../schema.js';

/**
 * DescribeShareGroupOffsets (90): where share groups begin to read.
 *
 * v1 how far they lag.
 */

const request = struct({
  groups: array(
    struct({
      groupId: string,
      topics: nullable(
        array(
          struct({
            topicName: string,
            partitions: array(int32),
          }),
        ),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  groups: array(
    struct({
      groupId: string,
      topics: array(
        struct({
          topicName: string,
          topicId: uuid,
          partitions: array(
            struct({
              partitionIndex: int32,
              startOffset: int64,
              leaderEpoch: int32,
              lag: ignorable(since(1, int64, -1n)),
              errorCode: int16,
              errorMessage: withDefault(nullable(string), null),
            }),
          ),
        }),
      ),
      errorCode: int16,
      errorMessage: withDefault(nullable(string), null),
    }),
  ),
});

/** DescribeShareGroupOffsets (90): where share groups begin to read. */
export const DescribeShareGroupOffsets = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeShareGroupOffsetsRequest = RequestOf<typeof DescribeShareGroupOffsets>;
export type DescribeShareGroupOffsetsResponse = ResponseOf<typeof DescribeShareGroupOffsets>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * AlterShareGroupOffsets (91): sets where a share group begins to read.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          startOffset: int64,
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  responses: array(
    struct({
      topicName: string,
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
        }),
      ),
    }),
  ),
});

/** AlterShareGroupOffsets (91): sets where a share group begins to read. */
export const AlterShareGroupOffsets = api({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type AlterShareGroupOffsetsRequest = RequestOf<typeof AlterShareGroupOffsets>;
export type AlterShareGroupOffsetsResponse = ResponseOf<typeof AlterShareGroupOffsets>;

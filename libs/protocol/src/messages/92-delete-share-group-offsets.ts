import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, nullable, string, struct, uuid, withDefault } from '../schema.js';

/**
 * DeleteShareGroupOffsets (92): forgets where a share group begins to read.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicName: string,
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
      errorCode: int16,
      errorMessage: withDefault(nullable(string), null),
    }),
  ),
});

/** DeleteShareGroupOffsets (92): forgets where a share group begins to read. */
export const DeleteShareGroupOffsets = api({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DeleteShareGroupOffsetsRequest = RequestOf<typeof DeleteShareGroupOffsets>;
export type DeleteShareGroupOffsetsResponse = ResponseOf<typeof DeleteShareGroupOffsets>;

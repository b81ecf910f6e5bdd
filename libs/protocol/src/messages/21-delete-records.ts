import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, string, struct } from '../schema.js';

/**
 * DeleteRecords (21): moves a partition’s log start offset; -1 is its high watermark.
 *
 * v2 is flexible.
 */

const request = struct({
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          offset: int64,
        }),
      ),
    }),
  ),
  timeoutMs: int32,
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          lowWatermark: int64,
          errorCode: int16,
        }),
      ),
    }),
  ),
});

/** DeleteRecords (21): moves a partition’s log start offset; -1 is its high watermark. */
export const DeleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type DeleteRecordsRequest = RequestOf<typeof DeleteRecords>;
export type DeleteRecordsResponse = ResponseOf<typeof DeleteRecords>;

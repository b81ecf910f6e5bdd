import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, string, struct } from '../schema.js';

/**
 * OffsetDelete (47): deletes a group’s offsets of topics that nobody in it subscribes. Never flexible.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
        }),
      ),
    }),
  ),
});

const response = struct({
  errorCode: int16,
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
        }),
      ),
    }),
  ),
});

/** OffsetDelete (47): deletes a group’s offsets of topics that nobody in it subscribes. Never flexible. */
export const OffsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  flexibleFrom: Infinity,
  request,
  response,
});
export type OffsetDeleteRequest = RequestOf<typeof OffsetDelete>;
export type OffsetDeleteResponse = ResponseOf<typeof OffsetDelete>;

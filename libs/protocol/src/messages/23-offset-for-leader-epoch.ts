import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, int64, since, string, struct, withDefault } from '../schema.js';

/**
 * OffsetForLeaderEpoch (23): where a leader epoch ended, to find where two logs part (KIP-320).
 *
 * v2 fences a client whose metadata is stale.
 * v3 the asking replica’s id.
 * v4 is flexible.
 */

const request = struct({
  replicaId: ignorable(since(3, int32, -2)),
  topics: array(
    struct({
      topic: string,
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: withDefault(int32, -1),
          leaderEpoch: int32,
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      topic: string,
      partitions: array(
        struct({
          errorCode: int16,
          partition: int32,
          leaderEpoch: withDefault(int32, -1),
          endOffset: withDefault(int64, -1n),
        }),
      ),
    }),
  ),
});

/** OffsetForLeaderEpoch (23): where a leader epoch ended, to find where two logs part (KIP-320). */
export const OffsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleFrom: 4,
  request,
  response,
});
export type OffsetForLeaderEpochRequest = RequestOf<typeof OffsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof OffsetForLeaderEpoch>;

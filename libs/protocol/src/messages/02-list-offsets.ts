import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, int64, int8, since, string, struct, withDefault } from '../schema.js';

/**
 * ListOffsets (2): the offset at a timestamp, or at either end of a log.
 *
 * v1 one offset a partition.
 * v2 read_committed stops at the last stable offset (KIP-98).
 * v4 fences a client whose metadata is stale (KIP-320).
 * v6 is flexible.
 * v7 the record with the greatest timestamp (KIP-734).
 * v8, v9, v11 special timestamps of tiered storage.
 * v10 a time limit for the remote part.
 */

const request = struct({
  replicaId: int32,
  isolationLevel: since(2, int8),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          currentLeaderEpoch: ignorable(since(4, int32, -1)),
          timestamp: int64,
        }),
      ),
    }),
  ),
  timeoutMs: ignorable(since(10, int32)),
});

const response = struct({
  throttleTimeMs: ignorable(since(2, int32)),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          timestamp: withDefault(int64, -1n),
          offset: withDefault(int64, -1n),
          leaderEpoch: since(4, int32, -1),
        }),
      ),
    }),
  ),
});

/** ListOffsets (2): the offset at a timestamp, or at either end of a log. */
export const ListOffsets = api({ key: 2, name: 'ListOffsets', versions: [1, 11], flexibleFrom: 6, request, response });
export type ListOffsetsRequest = RequestOf<typeof ListOffsets>;
export type ListOffsetsResponse = ResponseOf<typeof ListOffsets>;

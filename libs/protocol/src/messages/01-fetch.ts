import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  nullable,
  records,
  since,
  string,
  struct,
  tagged,
  until,
  uuid,
  withDefault,
} from '../schema.js';
import { hotFetchRequest, hotFetchResponse } from './01-fetch-hot.js';

/**
 * Fetch (1): reads whole record batches from partitions; also what followers copy their leader with.
 *
 * v4 isolation level and aborted transactions; the first version with batches of format 2 only.
 * v7 sessions: only what changed is sent (KIP-227).
 * v9 fences a client whose metadata is stale (KIP-320).
 * v10 allows zstd.
 * v11 the client’s rack, and a nearer replica in the answer (KIP-392).
 * v12 is flexible and can say where logs part.
 * v13 names topics by id (KIP-516).
 * v15 moves the replica’s id and epoch into a tag.
 * v16 names new leaders and where they listen (KIP-951).
 * v17, v18 carry tags that only brokers fill.
 */

const request = struct({
  clusterId: ignorable(tagged(0, since(12, nullable(string), null))),
  replicaId: until(14, int32, -1),
  replicaState: tagged(
    1,
    since(
      15,
      struct({
        replicaId: withDefault(int32, -1),
        replicaEpoch: withDefault(int64, -1n),
      }),
    ),
  ),
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: withDefault(int32, 2147483647),
  isolationLevel: withDefault(int8, 0),
  sessionId: ignorable(since(7, int32, 0)),
  sessionEpoch: ignorable(since(7, int32, -1)),
  topics: array(
    struct({
      topic: ignorable(until(12, string)),
      topicId: ignorable(since(13, uuid)),
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: ignorable(since(9, int32, -1)),
          fetchOffset: int64,
          lastFetchedEpoch: since(12, int32, -1),
          logStartOffset: ignorable(since(5, int64, -1n)),
          partitionMaxBytes: int32,
          replicaDirectoryId: ignorable(tagged(0, since(17, uuid))),
          highWatermark: ignorable(tagged(1, since(18, int64, 9223372036854775807n))),
        }),
      ),
    }),
  ),
  forgottenTopicsData: since(
    7,
    array(
      struct({
        topic: ignorable(until(12, string)),
        topicId: ignorable(since(13, uuid)),
        partitions: array(int32),
      }),
    ),
  ),
  rackId: ignorable(since(11, string, '')),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: ignorable(since(7, int16)),
  sessionId: since(7, int32, 0),
  responses: array(
    struct({
      topic: ignorable(until(12, string)),
      topicId: ignorable(since(13, uuid)),
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          highWatermark: int64,
          lastStableOffset: withDefault(int64, -1n),
          logStartOffset: ignorable(since(5, int64, -1n)),
          divergingEpoch: tagged(
            0,
            since(
              12,
              struct({
                epoch: withDefault(int32, -1),
                endOffset: withDefault(int64, -1n),
              }),
            ),
          ),
          currentLeader: tagged(
            1,
            since(
              12,
              struct({
                leaderId: withDefault(int32, -1),
                leaderEpoch: withDefault(int32, -1),
              }),
            ),
          ),
          snapshotId: tagged(
            2,
            since(
              12,
              struct({
                endOffset: withDefault(int64, -1n),
                epoch: withDefault(int32, -1),
              }),
            ),
          ),
          abortedTransactions: nullable(
            array(
              struct({
                producerId: int64,
                firstOffset: int64,
              }),
            ),
          ),
          preferredReadReplica: since(11, int32, -1),
          records: nullable(records),
        }),
      ),
    }),
  ),
  nodeEndpoints: tagged(
    0,
    since(
      16,
      array(
        struct({
          nodeId: int32,
          host: string,
          port: int32,
          rack: withDefault(nullable(string), null),
        }),
      ),
    ),
  ),
});

/** Fetch (1): reads whole record batches from partitions; also what followers copy their leader with. */
export const Fetch = api({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleFrom: 12,
  request,
  response,
  hotRequest: { from: 12, write: hotFetchRequest },
  hotResponse: { from: 12, read: hotFetchResponse },
});
export type FetchRequest = RequestOf<typeof Fetch>;
export type FetchResponse = ResponseOf<typeof Fetch>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
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
import { hotProduceRequest, hotProduceResponse } from './00-produce-hot.js';

/**
 * Produce (0): appends record batches to partitions.
 *
 * v3 transactional id; the first version that is served, though 0 to 2 are shown.
 * v5 answers the log start offset.
 * v7 allows zstd.
 * v8 tells which records of a batch were refused.
 * v9 is flexible.
 * v10 names the new leader and where it listens (KIP-951).
 * v12 adds partitions to a transaction by the way (KIP-890).
 * v13 names topics by id (KIP-516).
 */

const request = struct({
  transactionalId: withDefault(nullable(string), null),
  acks: int16,
  timeoutMs: int32,
  topicData: array(
    struct({
      name: ignorable(until(12, string)),
      topicId: ignorable(since(13, uuid)),
      partitionData: array(
        struct({
          index: int32,
          records: nullable(records),
        }),
      ),
    }),
  ),
});

const response = struct({
  responses: array(
    struct({
      name: ignorable(until(12, string)),
      topicId: ignorable(since(13, uuid)),
      partitionResponses: array(
        struct({
          index: int32,
          errorCode: int16,
          baseOffset: int64,
          logAppendTimeMs: withDefault(int64, -1n),
          logStartOffset: ignorable(since(5, int64, -1n)),
          recordErrors: ignorable(
            since(
              8,
              array(
                struct({
                  batchIndex: int32,
                  batchIndexErrorMessage: withDefault(nullable(string), null),
                }),
              ),
            ),
          ),
          errorMessage: ignorable(since(8, nullable(string), null)),
          currentLeader: tagged(
            0,
            since(
              10,
              struct({
                leaderId: withDefault(int32, -1),
                leaderEpoch: withDefault(int32, -1),
              }),
            ),
          ),
        }),
      ),
    }),
  ),
  throttleTimeMs: withDefault(int32, 0),
  nodeEndpoints: tagged(
    0,
    since(
      10,
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

/** Produce (0): appends record batches to partitions. */
export const Produce = api({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexibleFrom: 9,
  request,
  response,
  hotRequest: { from: 9, write: hotProduceRequest },
  hotResponse: { from: 9, read: hotProduceResponse },
});
export type ProduceRequest = RequestOf<typeof Produce>;
export type ProduceResponse = ResponseOf<typeof Produce>;

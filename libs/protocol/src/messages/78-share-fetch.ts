import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
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
  uuid,
  withDefault,
} from '../schema.js';

/**
 * ShareFetch (78): acquires records of share partitions, and acknowledges earlier ones.
 *
 * v1 an upper bound of records.
 * v2 how batches are acquired, and renewal of locks (KIP-1206, KIP-1222).
 */

const request = struct({
  groupId: withDefault(nullable(string), null),
  memberId: nullable(string),
  shareSessionEpoch: int32,
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: withDefault(int32, 2147483647),
  maxRecords: int32,
  batchSize: int32,
  shareAcquireMode: ignorable(since(2, int8, 0)),
  isRenewAck: since(2, bool, false),
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          acknowledgementBatches: array(
            struct({
              firstOffset: int64,
              lastOffset: int64,
              acknowledgeTypes: array(int8),
            }),
          ),
        }),
      ),
    }),
  ),
  forgottenTopicsData: array(
    struct({
      topicId: uuid,
      partitions: array(int32),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  acquisitionLockTimeoutMs: int32,
  responses: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
          acknowledgeErrorCode: int16,
          acknowledgeErrorMessage: withDefault(nullable(string), null),
          currentLeader: struct({
            leaderId: int32,
            leaderEpoch: int32,
          }),
          records: records,
          acquiredRecords: array(
            struct({
              firstOffset: int64,
              lastOffset: int64,
              deliveryCount: int16,
            }),
          ),
        }),
      ),
    }),
  ),
  nodeEndpoints: array(
    struct({
      nodeId: int32,
      host: string,
      port: int32,
      rack: withDefault(nullable(string), null),
    }),
  ),
});

/** ShareFetch (78): acquires records of share partitions, and acknowledges earlier ones. */
export const ShareFetch = api({ key: 78, name: 'ShareFetch', versions: [1, 2], flexibleFrom: 0, request, response });
export type ShareFetchRequest = RequestOf<typeof ShareFetch>;
export type ShareFetchResponse = ResponseOf<typeof ShareFetch>;

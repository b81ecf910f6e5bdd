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
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * ShareAcknowledge (79): acknowledges records of share partitions.
 *
 * v2 renewal of locks (KIP-1222).
 */

const request = struct({
  groupId: withDefault(nullable(string), null),
  memberId: nullable(string),
  shareSessionEpoch: int32,
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
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  acquisitionLockTimeoutMs: ignorable(since(2, int32)),
  responses: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
          currentLeader: struct({
            leaderId: int32,
            leaderEpoch: int32,
          }),
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

/** ShareAcknowledge (79): acknowledges records of share partitions. */
export const ShareAcknowledge = api({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [1, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type ShareAcknowledgeRequest = RequestOf<typeof ShareAcknowledge>;
export type ShareAcknowledgeResponse = ResponseOf<typeof ShareAcknowledge>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int64, since, string, struct, until, withDefault } from '../schema.js';

/**
 * AddPartitionsToTxn (24): adds partitions to a transaction.
 *
 * v3 is flexible.
 * v4 many transactions at once, which brokers use to verify; clients stay at 3.
 * v5 tells that TRANSACTION_ABORTABLE is known.
 */

const addPartitionsToTxnTopic = struct({
  name: string,
  partitions: array(int32),
});

const request = struct({
  transactions: since(
    4,
    array(
      struct({
        transactionalId: string,
        producerId: int64,
        producerEpoch: int16,
        verifyOnly: withDefault(bool, false),
        topics: array(addPartitionsToTxnTopic),
      }),
    ),
  ),
  v3AndBelowTransactionalId: until(3, string),
  v3AndBelowProducerId: until(3, int64),
  v3AndBelowProducerEpoch: until(3, int16),
  v3AndBelowTopics: until(3, array(addPartitionsToTxnTopic)),
});

const addPartitionsToTxnPartitionResult = struct({
  partitionIndex: int32,
  partitionErrorCode: int16,
});

const addPartitionsToTxnTopicResult = struct({
  name: string,
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: ignorable(since(4, int16)),
  resultsByTransaction: since(
    4,
    array(
      struct({
        transactionalId: string,
        topicResults: array(addPartitionsToTxnTopicResult),
      }),
    ),
  ),
  resultsByTopicV3AndBelow: until(3, array(addPartitionsToTxnTopicResult)),
});

/** AddPartitionsToTxn (24): adds partitions to a transaction. */
export const AddPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleFrom: 3,
  request,
  response,
});
export type AddPartitionsToTxnRequest = RequestOf<typeof AddPartitionsToTxn>;
export type AddPartitionsToTxnResponse = ResponseOf<typeof AddPartitionsToTxn>;

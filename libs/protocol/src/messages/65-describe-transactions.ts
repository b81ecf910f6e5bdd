import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, string, struct } from '../schema.js';

/**
 * DescribeTransactions (65): state and partitions of transactions.
 */

const request = struct({
  transactionalIds: array(string),
});

const response = struct({
  throttleTimeMs: int32,
  transactionStates: array(
    struct({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64,
      producerEpoch: int16,
      topics: array(
        struct({
          topic: string,
          partitions: array(int32),
        }),
      ),
    }),
  ),
});

/** DescribeTransactions (65): state and partitions of transactions. */
export const DescribeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeTransactionsRequest = RequestOf<typeof DescribeTransactions>;
export type DescribeTransactionsResponse = ResponseOf<typeof DescribeTransactions>;

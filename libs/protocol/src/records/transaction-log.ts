// Records of __transaction_state.
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import { type Decoded, array, int16, int32, int64, int8, nullable, since, string, struct, tagged } from '../schema.js';

/** A transaction. */
export const TransactionLogKey = recordMessage({
  key: 0,
  name: 'TransactionLogKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    transactionalId: string,
  }),
});
export type TransactionLogKey = Decoded<typeof TransactionLogKey>;

/** Its producer, state and partitions; a record without a value takes it away. */
export const TransactionLogValue = recordMessage({
  key: 0,
  name: 'TransactionLogValue',
  versions: [0, 1],
  flexibleFrom: 1,
  type: struct({
    producerId: int64,
    previousProducerId: tagged(0, since(1, int64, -1n)),
    nextProducerId: tagged(1, since(1, int64, -1n)),
    producerEpoch: int16,
    nextProducerEpoch: tagged(3, since(1, int16, -1)),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: nullable(
      array(
        struct({
          topic: string,
          partitionIds: array(int32),
        }),
      ),
    ),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: tagged(2, since(1, int16, 0)),
  }),
});
export type TransactionLogValue = Decoded<typeof TransactionLogValue>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, nullable, string, struct, withDefault } from '../schema.js';

/**
 * DescribeProducers (61): the producers that a partition remembers, and since when a transaction is open.
 */

const request = struct({
  topics: array(
    struct({
      name: string,
      partitionIndexes: array(int32),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
          activeProducers: array(
            struct({
              producerId: int64,
              producerEpoch: int32,
              lastSequence: withDefault(int32, -1),
              lastTimestamp: withDefault(int64, -1n),
              coordinatorEpoch: int32,
              currentTxnStartOffset: withDefault(int64, -1n),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** DescribeProducers (61): the producers that a partition remembers, and since when a transaction is open. */
export const DescribeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeProducersRequest = RequestOf<typeof DescribeProducers>;
export type DescribeProducersResponse = ResponseOf<typeof DescribeProducers>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int64, int8, since, string, struct } from '../schema.js';

/**
 * WriteTxnMarkers (27): writes the markers that end transactions into the partitions; between brokers, and for an admin who ends a hanging one.
 *
 * v1 is flexible.
 * v2 the transaction’s version (KIP-1228).
 */

const request = struct({
  markers: array(
    struct({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: array(
        struct({
          name: string,
          partitionIndexes: array(int32),
        }),
      ),
      coordinatorEpoch: int32,
      transactionVersion: ignorable(since(2, int8, 0)),
    }),
  ),
});

const response = struct({
  markers: array(
    struct({
      producerId: int64,
      topics: array(
        struct({
          name: string,
          partitions: array(
            struct({
              partitionIndex: int32,
              errorCode: int16,
            }),
          ),
        }),
      ),
    }),
  ),
});

/** WriteTxnMarkers (27): writes the markers that end transactions into the partitions; between brokers, and for an admin who ends a hanging one. */
export const WriteTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexibleFrom: 1,
  request,
  response,
});
export type WriteTxnMarkersRequest = RequestOf<typeof WriteTxnMarkers>;
export type WriteTxnMarkersResponse = ResponseOf<typeof WriteTxnMarkers>;

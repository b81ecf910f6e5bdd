import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, int8, since, struct, until, uuid, withDefault } from '../schema.js';

/**
 * AlterPartition (56): a leader asks the controller to change a partition’s ISR.
 *
 * v3 in-sync replicas with their broker epochs (KIP-903).
 */

const request = struct({
  brokerId: int32,
  brokerEpoch: withDefault(int64, -1n),
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          leaderEpoch: int32,
          newIsr: until(2, array(int32)),
          newIsrWithEpochs: since(
            3,
            array(
              struct({
                brokerId: int32,
                brokerEpoch: withDefault(int64, -1n),
              }),
            ),
          ),
          leaderRecoveryState: withDefault(int8, 0),
          partitionEpoch: int32,
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          leaderId: int32,
          leaderEpoch: int32,
          isr: array(int32),
          leaderRecoveryState: withDefault(int8, 0),
          partitionEpoch: int32,
        }),
      ),
    }),
  ),
});

/** AlterPartition (56): a leader asks the controller to change a partition’s ISR. */
export const AlterPartition = api({
  key: 56,
  name: 'AlterPartition',
  versions: [2, 3],
  flexibleFrom: 0,
  request,
  response,
});
export type AlterPartitionRequest = RequestOf<typeof AlterPartition>;
export type AlterPartitionResponse = ResponseOf<typeof AlterPartition>;

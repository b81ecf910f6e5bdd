import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, struct, uuid, withDefault } from '../schema.js';

/**
 * AssignReplicasToDirs (73): a broker tells in which directory its replicas are (KIP-858).
 */

const request = struct({
  brokerId: int32,
  brokerEpoch: withDefault(int64, -1n),
  directories: array(
    struct({
      id: uuid,
      topics: array(
        struct({
          topicId: uuid,
          partitions: array(
            struct({
              partitionIndex: int32,
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
  directories: array(
    struct({
      id: uuid,
      topics: array(
        struct({
          topicId: uuid,
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

/** AssignReplicasToDirs (73): a broker tells in which directory its replicas are (KIP-858). */
export const AssignReplicasToDirs = api({
  key: 73,
  name: 'AssignReplicasToDirs',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type AssignReplicasToDirsRequest = RequestOf<typeof AssignReplicasToDirs>;
export type AssignReplicasToDirsResponse = ResponseOf<typeof AssignReplicasToDirs>;

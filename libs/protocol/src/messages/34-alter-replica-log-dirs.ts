import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, string, struct } from '../schema.js';

/**
 * AlterReplicaLogDirs (34): moves replicas between a broker’s directories.
 *
 * v2 is flexible.
 */

const request = struct({
  dirs: array(
    struct({
      path: string,
      topics: array(
        struct({
          name: string,
          partitions: array(int32),
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
        }),
      ),
    }),
  ),
});

/** AlterReplicaLogDirs (34): moves replicas between a broker’s directories. */
export const AlterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type AlterReplicaLogDirsRequest = RequestOf<typeof AlterReplicaLogDirs>;
export type AlterReplicaLogDirsResponse = ResponseOf<typeof AlterReplicaLogDirs>;

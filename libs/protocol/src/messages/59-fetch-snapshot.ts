import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  records,
  since,
  string,
  struct,
  tagged,
  uint16,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * FetchSnapshot (59): reads a piece of a metadata snapshot.
 *
 * v1 directory id of the asking replica in a tag.
 */

const request = struct({
  clusterId: tagged(0, nullable(string), null),
  replicaId: withDefault(int32, -1),
  maxBytes: withDefault(int32, 2147483647),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: int32,
          snapshotId: struct({
            endOffset: int64,
            epoch: int32,
          }),
          position: int64,
          replicaDirectoryId: ignorable(tagged(0, since(1, uuid))),
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
      name: string,
      partitions: array(
        struct({
          index: int32,
          errorCode: int16,
          snapshotId: struct({
            endOffset: int64,
            epoch: int32,
          }),
          currentLeader: tagged(
            0,
            struct({
              leaderId: int32,
              leaderEpoch: int32,
            }),
          ),
          size: int64,
          position: int64,
          unalignedRecords: records,
        }),
      ),
    }),
  ),
  nodeEndpoints: tagged(
    0,
    since(
      1,
      array(
        struct({
          nodeId: int32,
          host: string,
          port: uint16,
        }),
      ),
    ),
  ),
});

/** FetchSnapshot (59): reads a piece of a metadata snapshot. */
export const FetchSnapshot = api({
  key: 59,
  name: 'FetchSnapshot',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type FetchSnapshotRequest = RequestOf<typeof FetchSnapshot>;
export type FetchSnapshotResponse = ResponseOf<typeof FetchSnapshot>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, int64, nullable, since, string, struct, uint16, uuid } from '../schema.js';

/**
 * DescribeQuorum (55): leader, voters and observers of the metadata quorum, and how far they are.
 *
 * v1 timestamps of fetches.
 * v2 directory ids, end points, texts of errors.
 */

const request = struct({
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
        }),
      ),
    }),
  ),
});

const replicaState = struct({
  replicaId: int32,
  replicaDirectoryId: since(2, uuid),
  logEndOffset: int64,
  lastFetchTimestamp: ignorable(since(1, int64, -1n)),
  lastCaughtUpTimestamp: ignorable(since(1, int64, -1n)),
});

const response = struct({
  errorCode: int16,
  errorMessage: ignorable(since(2, nullable(string))),
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          errorMessage: ignorable(since(2, nullable(string))),
          leaderId: int32,
          leaderEpoch: int32,
          highWatermark: int64,
          currentVoters: array(replicaState),
          observers: array(replicaState),
        }),
      ),
    }),
  ),
  nodes: since(
    2,
    array(
      struct({
        nodeId: int32,
        listeners: array(
          struct({
            name: string,
            host: string,
            port: uint16,
          }),
        ),
      }),
    ),
  ),
});

/** DescribeQuorum (55): leader, voters and observers of the metadata quorum, and how far they are. */
export const DescribeQuorum = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeQuorumRequest = RequestOf<typeof DescribeQuorum>;
export type DescribeQuorumResponse = ResponseOf<typeof DescribeQuorum>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  since,
  string,
  struct,
  tagged,
  uint16,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * Vote (52): asks a voter of the metadata quorum for its vote.
 *
 * v1 directory ids.
 * v2 a vote before the vote (KIP-996).
 */

const request = struct({
  clusterId: withDefault(nullable(string), null),
  voterId: ignorable(since(1, int32, -1)),
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          replicaEpoch: int32,
          replicaId: int32,
          replicaDirectoryId: ignorable(since(1, uuid)),
          voterDirectoryId: ignorable(since(1, uuid)),
          lastOffsetEpoch: int32,
          lastOffset: int64,
          preVote: since(2, bool),
        }),
      ),
    }),
  ),
});

const response = struct({
  errorCode: int16,
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
          leaderId: int32,
          leaderEpoch: int32,
          voteGranted: bool,
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

/** Vote (52): asks a voter of the metadata quorum for its vote. */
export const Vote = api({ key: 52, name: 'Vote', versions: [0, 2], flexibleFrom: 0, request, response });
export type VoteRequest = RequestOf<typeof Vote>;
export type VoteResponse = ResponseOf<typeof Vote>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
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
 * BeginQuorumEpoch (53): tells voters of a new quorum leader.
 *
 * v1 is flexible, with directory ids and end points.
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
          voterDirectoryId: ignorable(since(1, uuid)),
          leaderId: int32,
          leaderEpoch: int32,
        }),
      ),
    }),
  ),
  leaderEndpoints: ignorable(
    since(
      1,
      array(
        struct({
          name: string,
          host: string,
          port: uint16,
        }),
      ),
    ),
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

/** BeginQuorumEpoch (53): tells voters of a new quorum leader. */
export const BeginQuorumEpoch = api({
  key: 53,
  name: 'BeginQuorumEpoch',
  versions: [0, 1],
  flexibleFrom: 1,
  request,
  response,
});
export type BeginQuorumEpochRequest = RequestOf<typeof BeginQuorumEpoch>;
export type BeginQuorumEpochResponse = ResponseOf<typeof BeginQuorumEpoch>;

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
  until,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * EndQuorumEpoch (54): a quorum leader steps down.
 *
 * v1 is flexible, with directory ids and end points.
 */

const request = struct({
  clusterId: withDefault(nullable(string), null),
  topics: array(
    struct({
      topicName: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          leaderId: int32,
          leaderEpoch: int32,
          preferredSuccessors: ignorable(until(0, array(int32))),
          preferredCandidates: ignorable(
            since(
              1,
              array(
                struct({
                  candidateId: int32,
                  candidateDirectoryId: uuid,
                }),
              ),
            ),
          ),
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

/** EndQuorumEpoch (54): a quorum leader steps down. */
export const EndQuorumEpoch = api({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: [0, 1],
  flexibleFrom: 1,
  request,
  response,
});
export type EndQuorumEpochRequest = RequestOf<typeof EndQuorumEpoch>;
export type EndQuorumEpochResponse = ResponseOf<typeof EndQuorumEpoch>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int8, nullable, since, string, struct, withDefault } from '../schema.js';

/**
 * ElectLeaders (43): elects leaders: the preferred ones, or unclean ones.
 *
 * v1 the kind of election.
 * v2 is flexible.
 */

const request = struct({
  electionType: since(1, int8),
  topicPartitions: nullable(
    array(
      struct({
        topic: string,
        partitions: array(int32),
      }),
    ),
  ),
  timeoutMs: withDefault(int32, 60000),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: since(1, int16),
  replicaElectionResults: array(
    struct({
      topic: string,
      partitionResult: array(
        struct({
          partitionId: int32,
          errorCode: int16,
          errorMessage: nullable(string),
        }),
      ),
    }),
  ),
});

/** ElectLeaders (43): elects leaders: the preferred ones, or unclean ones. */
export const ElectLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexibleFrom: 2,
  request,
  response,
});
export type ElectLeadersRequest = RequestOf<typeof ElectLeaders>;
export type ElectLeadersResponse = ResponseOf<typeof ElectLeaders>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * ReadShareGroupStateSummary (87): reads the start offsets of share partitions; between brokers.
 *
 * v1 how many records were delivered.
 */

const request = struct({
  groupId: string,
  topics: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
          leaderEpoch: int32,
        }),
      ),
    }),
  ),
});

const response = struct({
  results: array(
    struct({
      topicId: uuid,
      partitions: array(
        struct({
          partition: int32,
          errorCode: int16,
          errorMessage: withDefault(nullable(string), null),
          stateEpoch: int32,
          leaderEpoch: int32,
          startOffset: int64,
          deliveryCompleteCount: ignorable(since(1, int32, -1)),
        }),
      ),
    }),
  ),
});

/** ReadShareGroupStateSummary (87): reads the start offsets of share partitions; between brokers. */
export const ReadShareGroupStateSummary = api({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  versions: [0, 1],
  flexibleFrom: 0,
  request,
  response,
});
export type ReadShareGroupStateSummaryRequest = RequestOf<typeof ReadShareGroupStateSummary>;
export type ReadShareGroupStateSummaryResponse = ResponseOf<typeof ReadShareGroupStateSummary>;

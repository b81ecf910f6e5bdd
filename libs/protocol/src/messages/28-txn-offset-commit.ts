import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, ignorable, int16, int32, int64, nullable, since, string, struct } from '../schema.js';

/**
 * TxnOffsetCommit (28): stores a group’s offsets inside a transaction.
 *
 * v3 is flexible; member and generation fence the stale.
 * v5 needs no AddOffsetsToTxn before it (KIP-890).
 */

const request = struct({
  transactionalId: string,
  groupId: string,
  producerId: int64,
  producerEpoch: int16,
  generationId: since(3, int32, -1),
  memberId: since(3, string, ''),
  groupInstanceId: since(3, nullable(string), null),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: ignorable(since(2, int32, -1)),
          committedMetadata: nullable(string),
        }),
      ),
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          partitionIndex: int32,
          errorCode: int16,
        }),
      ),
    }),
  ),
});

/** TxnOffsetCommit (28): stores a group’s offsets inside a transaction. */
export const TxnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexibleFrom: 3,
  request,
  response,
});
export type TxnOffsetCommitRequest = RequestOf<typeof TxnOffsetCommit>;
export type TxnOffsetCommitResponse = ResponseOf<typeof TxnOffsetCommit>;

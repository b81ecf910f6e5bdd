import { type RequestOf, type ResponseOf, api } from '../api.js';
import { int16, int32, int64, string, struct } from '../schema.js';

/**
 * AddOffsetsToTxn (25): adds a group’s offsets to a transaction.
 *
 * v3 is flexible.
 */

const request = struct({
  transactionalId: string,
  producerId: int64,
  producerEpoch: int16,
  groupId: string,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
});

/** AddOffsetsToTxn (25): adds a group’s offsets to a transaction. */
export const AddOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request,
  response,
});
export type AddOffsetsToTxnRequest = RequestOf<typeof AddOffsetsToTxn>;
export type AddOffsetsToTxnResponse = ResponseOf<typeof AddOffsetsToTxn>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, int16, int32, int64, nullable, since, string, struct } from '../schema.js';

/**
 * ListTransactions (66): the transactions that this broker coordinates.
 *
 * v1 filters by age.
 * v2 filters by a pattern of ids (KIP-1152).
 */

const request = struct({
  stateFilters: array(string),
  producerIdFilters: array(int64),
  durationFilter: since(1, int64, -1n),
  transactionalIdPattern: since(2, nullable(string), null),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  unknownStateFilters: array(string),
  transactionStates: array(
    struct({
      transactionalId: string,
      producerId: int64,
      transactionState: string,
    }),
  ),
});

/** ListTransactions (66): the transactions that this broker coordinates. */
export const ListTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type ListTransactionsRequest = RequestOf<typeof ListTransactions>;
export type ListTransactionsResponse = ResponseOf<typeof ListTransactions>;

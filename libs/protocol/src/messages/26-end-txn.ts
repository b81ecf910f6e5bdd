import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bool, ignorable, int16, int32, int64, since, string, struct } from '../schema.js';

/**
 * EndTxn (26): commits or aborts a transaction.
 *
 * v3 is flexible.
 * v5 answers the id and the raised epoch that go on (KIP-890).
 */

const request = struct({
  transactionalId: string,
  producerId: int64,
  producerEpoch: int16,
  committed: bool,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  producerId: ignorable(since(5, int64, -1n)),
  producerEpoch: ignorable(since(5, int16, -1)),
});

/** EndTxn (26): commits or aborts a transaction. */
export const EndTxn = api({ key: 26, name: 'EndTxn', versions: [0, 5], flexibleFrom: 3, request, response });
export type EndTxnRequest = RequestOf<typeof EndTxn>;
export type EndTxnResponse = ResponseOf<typeof EndTxn>;

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bool, int16, int32, int64, nullable, since, string, struct, withDefault } from '../schema.js';

/**
 * InitProducerId (22): a producer id and epoch, for idempotent and transactional producers.
 *
 * v2 is flexible.
 * v3 brings its own id and epoch to have the epoch raised (KIP-360).
 * v4, v5 tell which error codes the client knows.
 * v6 two-phase commit (KIP-939): not shown to clients, not stable.
 */

const request = struct({
  transactionalId: nullable(string),
  transactionTimeoutMs: int32,
  producerId: since(3, int64, -1n),
  producerEpoch: since(3, int16, -1),
  enable2Pc: since(6, bool, false),
  keepPreparedTxn: since(6, bool, false),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  producerId: withDefault(int64, -1n),
  producerEpoch: int16,
  ongoingTxnProducerId: since(6, int64, -1n),
  ongoingTxnProducerEpoch: since(6, int16, -1),
});

/** InitProducerId (22): a producer id and epoch, for idempotent and transactional producers. */
export const InitProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 6],
  flexibleFrom: 2,
  request,
  response,
});
export type InitProducerIdRequest = RequestOf<typeof InitProducerId>;
export type InitProducerIdResponse = ResponseOf<typeof InitProducerId>;

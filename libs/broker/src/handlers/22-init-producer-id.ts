import { ApiError } from '@trunkline/kernel';
import { errorCode, InitProducerId, type InitProducerIdRequest } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';

const NONE = -1;

/**
 * InitProducerId (22), versions 0 to 5: gives an idempotent producer its id.
 *
 * Without a transactional id: always a new id with epoch 0, whatever id the producer says it had (KIP-360). Of id and
 * epoch (3+) only one set: INVALID_REQUEST.
 *
 * Not done: transactions. With a transactional id the request is checked as Kafka checks it (an empty id:
 * INVALID_REQUEST; a timeout of nothing or over `transaction.max.timeout.ms`: INVALID_TRANSACTION_TIMEOUT), then answered
 * with COORDINATOR_NOT_AVAILABLE, which is what Kafka says while no coordinator can be reached. Version 6 (KIP-939) is not
 * shown, as in Kafka.
 */
export const initProducerId = handler({
  api: InitProducerId,
  advertised: [0, 5],
  async handle(request, parts) {
    refuse(request, parts);
    return { throttleTimeMs: 0, errorCode: 0, producerId: await parts.producerIds.next(), producerEpoch: 0 };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), producerEpoch: NONE }),
});

function refuse(request: InitProducerIdRequest, { config }: Parts): void {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request;
  if ((producerId === -1n) !== (producerEpoch === NONE)) {
    throw new ApiError('INVALID_REQUEST', 'producer id and producer epoch must be given both or not at all');
  }
  if (transactionalId === null) return;
  if (transactionalId === '') throw new ApiError('INVALID_REQUEST', 'the transactional id is empty');
  const timeoutMsMax = config.integer('transaction.max.timeout.ms');
  if (transactionTimeoutMs <= 0 || transactionTimeoutMs > timeoutMsMax) {
    const allowed = `transactions may take 1 to ${timeoutMsMax} ms`;
    throw new ApiError('INVALID_TRANSACTION_TIMEOUT', `${allowed}, not ${transactionTimeoutMs}`);
  }
  throw new ApiError('COORDINATOR_NOT_AVAILABLE', 'transactions are not served yet');
}

import { KafkaError } from '../error.js';
import type { ProducerBatch } from './batch.js';

/** Who waits when the producer is closed hears this. */
export function closedError(batch?: ProducerBatch): KafkaError {
  const detail =
    batch !== undefined && batch.attempts > 0
      ? 'the producer was closed before the brokers said whether they have it'
      : 'the producer is closed';
  return new KafkaError('CLOSED', detail, batch?.lastError === undefined ? {} : { cause: batch.lastError });
}

/** A record that was refused for itself, or because another one of its batch was. */
export function recordError(error: KafkaError, own: string | undefined): KafkaError {
  const detail = own ?? `another record of its batch was refused: ${error.detail}`;
  return new KafkaError(error.code, detail, {
    ...(error.about !== undefined && { about: error.about }),
    ...(error.advice !== undefined && { advice: error.advice }),
  });
}

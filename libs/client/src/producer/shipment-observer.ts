import { KafkaError } from '../error.js';
import type { ClientObserver } from '../observer.js';
import type { Answer } from './answers.js';
import type { Shipment } from './effects.js';

/** Tells who watches of each batch that leaves. */
export function tellSent(observer: ClientObserver, { batches }: Shipment): void {
  if (observer.batchSent === undefined) return;
  for (const { writer, batch, bytes } of batches) {
    observer.batchSent(writer.topic, writer.partition, batch.recordCount, bytes.byteLength);
  }
}

/** Tells who watches what was answered of each batch, or that no answer will come. */
export function tellAnswered(
  observer: ClientObserver,
  { batches }: Shipment,
  tookMs: number,
  failure: KafkaError | undefined,
  answers: readonly (Answer | undefined)[] | undefined,
): void {
  if (observer.batchAnswered === undefined) return;
  for (const [at, { writer, batch, bytes }] of batches.entries()) {
    const { topic, partition } = writer;
    const error = failure ?? (answers === undefined ? undefined : refusal(answers[at], writer.about));
    observer.batchAnswered(topic, partition, batch.recordCount, bytes.byteLength, tookMs, error);
  }
}

function refusal(answer: Answer | undefined, about: string): KafkaError | undefined {
  if (answer !== undefined) return KafkaError.ofCode(answer.code, about, answer.message);
  return new KafkaError('PROTOCOL_VIOLATION', 'the answer to its request leaves it out', { about });
}

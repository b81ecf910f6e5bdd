import type { ClientObserver } from '../observer.js';
import type { Shipment } from './effects.js';

/** Tells who watches of each batch that leaves. */
export function tellSent(observer: ClientObserver, { batches }: Shipment): void {
  if (observer.batchSent === undefined) return;
  for (const { writer, batch, bytes } of batches) {
    observer.batchSent(writer.topic, writer.partition, batch.recordCount, bytes.byteLength);
  }
}

/** Tells who watches that the answer came, or that none will. What a broker said of a single batch is not told. */
export function tellAnswered(
  observer: ClientObserver,
  { batches }: Shipment,
  tookMs: number,
  error: Error | undefined,
): void {
  if (observer.batchAnswered === undefined) return;
  for (const { writer, batch } of batches) {
    observer.batchAnswered(writer.topic, writer.partition, batch.recordCount, tookMs, error);
  }
}

import { textOf } from './ledger.mjs';

const TICK_MS = 5;
const UNSETTLED_MAX = 1_000;
const SETTLED_MS_MAX = 60_000;

export const IN_ORDER = 'in order';

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until something is so; false when it is not within the time. */
export async function within(limitMs, isSo) {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    if (await isSo()) return true;
    await pause(50);
  }
  return false;
}

/** How something ended: in order, with an error, or not within the time. */
export async function ending(promise, limitMs) {
  const late = pause(limitMs).then(() => `not within ${limitMs} ms`);
  return await Promise.race([promise.then(() => IN_ORDER, String), late]);
}

/**
 * A producer that writes a record to each partition every few milliseconds, as long as not too much is unsettled. Ends
 * when it is told to and all is settled.
 */
export function write({ producer, name, topic, partitions, ledger, stop }) {
  let unsettled = 0;
  const send = (partition) => {
    unsettled += 1;
    const value = textOf(name, ledger.next(name, partition));
    producer.enqueue({ topic, partition, value }, (error, _partition, offset) => {
      unsettled -= 1;
      ledger.settled(name, partition, error, offset);
    });
  };
  return (async () => {
    while (!stop.aborted) {
      if (unsettled < UNSETTLED_MAX) for (let partition = 0; partition < partitions; partition++) send(partition);
      await pause(TICK_MS);
    }
    await within(SETTLED_MS_MAX, () => unsettled === 0);
    if (unsettled > 0) throw new Error(`${unsettled} records of producer ${name} are not settled`);
  })();
}

const decoder = new TextDecoder();

/** Takes what a consumer gets until it is told to stop, and closes it. */
export async function read({ consumer, reader, stop }) {
  while (!stop.aborted) {
    for (const { partition, value } of await consumer.poll(200)) reader.take(partition, decoder.decode(value));
  }
  await consumer.close();
}

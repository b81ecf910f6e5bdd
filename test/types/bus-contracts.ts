// Checked by `npm run types`: what does not fit a contract does not compile. Nothing here runs.
import { type Bus, type Codec, bytes, call, json, queue, schema, text, topic } from '@trunkline/bus';
import { z } from 'zod';

interface Placed {
  readonly id: string;
  readonly total: number;
}

const OrderPlaced = topic('orders.placed', json<Placed>());
const Prices = topic('prices', json<number>(), { tombstones: true });
const SendEmail = queue('email.send', json<{ to: string }>());
const Ask = call('ask', { request: text(), reply: json<number>() });
const Rows = call.stream('rows', { request: text(), item: bytes() });
const Validated = topic('validated', schema(z.object({ at: z.coerce.date(), size: z.number().default(1) })));

export async function sends(bus: Bus): Promise<void> {
  await bus.publish(OrderPlaced, { id: '1', total: 2 }, { key: 'k' });
  await bus.publish(Prices, null, { key: 'apple' });
  await bus.publish(Validated, { at: 'today' }); // the input of the schema: a default may be left out
  await bus.enqueue(SendEmail, { to: 'a@b' }, { dedupeId: '1', expiresAt: new Date(0) });
  const answer: number = await bus.request(Ask, 'how many?');
  for await (const row of bus.requestStream(Rows, `first ${answer}`)) row satisfies Uint8Array;

  // @ts-expect-error: the event lacks a field
  await bus.publish(OrderPlaced, { id: '1' });
  // @ts-expect-error: no tombstones in this topic
  await bus.publish(OrderPlaced, null);
  // @ts-expect-error: a queue is not a topic
  await bus.publish(SendEmail, { to: 'a@b' });
  // @ts-expect-error: a topic is not a queue
  await bus.enqueue(OrderPlaced, { id: '1', total: 2 });
  // @ts-expect-error: the request is a text
  await bus.request(Ask, 5);
  // @ts-expect-error: the answer is a number
  const wrong: string = await bus.request(Ask, 'how many?');
  // @ts-expect-error: a call with a stream has no single answer
  await bus.request(Rows, wrong);
  // @ts-expect-error: events have no deadline
  await bus.publish(OrderPlaced, { id: '1', total: 2 }, { timeoutMs: 5 });
  // @ts-expect-error: the schema's size is a number
  await bus.publish(Validated, { at: 'today', size: 'large' });
}

export function handlers(bus: Bus): void {
  bus.subscribe(OrderPlaced, (order) => void (order.total satisfies number));
  bus.subscribe(Prices, (price) => void (price satisfies number | null));
  bus.subscribe(Validated, ({ at, size }) => void [at satisfies Date, size satisfies number]); // the output of the schema
  bus.work(
    SendEmail,
    async (job, { attempt, key }) => void [job.to, attempt satisfies number, key satisfies string | null],
  );
  bus.respond(Ask, (question) => question.length);
  bus.respondStream(Rows, async function* (question) {
    yield new TextEncoder().encode(question);
  });

  // @ts-expect-error: the event is an object
  bus.subscribe(OrderPlaced, (order: number) => void order);
  // @ts-expect-error: a tombstone is null
  bus.subscribe(Prices, (price: number) => void price);
  // @ts-expect-error: the job has another field
  bus.work(SendEmail, (job: { from: string }) => void job);
  // @ts-expect-error: the answer is a number
  bus.respond(Ask, (question) => question);
  // @ts-expect-error: a stream is answered by an iterable
  bus.respondStream(Rows, () => 5);
  // @ts-expect-error: the items are bytes
  bus.respondStream(Rows, async function* (question) {
    yield question;
  });
  // @ts-expect-error: no such order
  bus.work(SendEmail, () => {}, { order: 'sorted' });
}

export const wrongContracts = [
  // @ts-expect-error: a queue needs a codec
  queue('email.send'),
  // @ts-expect-error: a call has two codecs
  call('ask', { request: text() }),
  // @ts-expect-error: retries are bounded by a number
  queue('email.send', text(), { retry: { attempts: 'many' } }),
];

/** A codec may take more than it gives. */
export const date: Codec<Date, Date | string> = {
  contentType: 'text/plain',
  encode: (value) => new TextEncoder().encode(new Date(value).toISOString()),
  decode: (read) => new Date(new TextDecoder().decode(read)),
};
export const Dates = topic('dates', date);
export async function sendsDates(bus: Bus): Promise<void> {
  await bus.publish(Dates, '2026-11-22');
  await bus.publish(Dates, new Date(0));
  bus.subscribe(Dates, (at) => void (at satisfies Date));
  // @ts-expect-error: neither a date nor a text
  await bus.publish(Dates, 5);
}

import { describe, expect, it } from '@jest/globals';
import { MemoryEngine } from '@trunkline/engine-memory';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import { until } from '@trunkline/testing';
import { Bus } from './bus.js';
import { text } from './codec.js';
import { call } from './contract.js';
import type { Delivery, OutgoingMessage } from './engine.js';
import { headerText } from './message.js';

const utf8 = (said: string): Uint8Array => new TextEncoder().encode(said);
const Rows = call.stream('rows', { request: text(), item: text(), timeoutMs: 2_000, partitions: 1 });

/** What a responder of the test's own says. */
interface Said {
  readonly kind: string;
  readonly sequence: number;
  readonly value?: string;
  readonly streamId?: string;
}

/** A caller, and a responder that the test plays by hand. */
async function setUp(creditItems = 4) {
  const engine = new MemoryEngine();
  const bus = new Bus({ service: 'front', engine, clock: nodeClock, random: nodeRandom });
  await bus.start();
  const inbox: Delivery[] = [];
  const requests: Delivery[] = [];
  await engine.ensure([
    { channel: 'rows', partitions: 1 },
    { channel: 'mine.inbox', partitions: 1 },
  ]);
  const mode = { kind: 'broadcast' } as const;
  const options = { mode, order: 'partition', concurrency: 1, from: 'latest' } as const;
  await engine.subscribe({ channels: ['mine.inbox'], ...options }, async (delivery) => void inbox.push(delivery));
  await engine.subscribe({ channels: ['rows'], ...options }, async (delivery) => void requests.push(delivery));
  const items = bus.requestStream(Rows, 'all', { creditItems });
  const first = items.next();
  first.catch(() => {}); // Each test looks at it in its own time.
  await until('the request came', () => requests.length === 1);
  const [channel = '', partition = ''] = (headerText(requests[0]?.headers ?? new Map(), 'tl-reply-to') ?? '').split(
    ':',
  );
  const say = async (...frames: Said[]): Promise<void> => {
    const messages = frames.map(({ kind, sequence, value = '', streamId = 'mine' }): OutgoingMessage => {
      const headers = new Map([
        ['tl-correlation-id', requests[0]?.headers.get('tl-correlation-id') ?? new Uint8Array()],
        ['tl-frame', utf8(kind)],
        ['tl-sequence', utf8(String(sequence))],
        ['tl-stream-id', utf8(streamId)],
        ['content-type', utf8('text/plain')],
      ]);
      if (sequence === 0) headers.set('tl-reply-to', utf8('mine.inbox:0'));
      return { channel, partition: Number(partition), value: utf8(value), headers };
    });
    await engine.publish(messages);
  };
  const heard = (): string[] =>
    inbox.map(({ headers }) =>
      `${headerText(headers, 'tl-frame')} ${headerText(headers, 'tl-correlation-id')} ${headerText(headers, 'tl-credit') ?? ''}`.trim(),
    );
  return { bus, items, first, say, heard };
}

const item = (sequence: number, streamId?: string): Said => ({
  kind: 'item',
  sequence,
  value: `row ${sequence}`,
  ...(streamId !== undefined && { streamId }),
});

describe('a reader of a stream', () => {
  it('breaks when a frame is missing, and tells the responder', async () => {
    const { bus, items, first, say, heard } = await setUp();
    await say(item(0), item(2));
    await expect(first).rejects.toMatchObject({
      code: 'STREAM_BROKEN',
      retriable: true,
      detail: 'rows: frame 1 is missing; ask again',
    });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await until('the responder heard of it', () => heard().includes('cancel mine'));
    await bus.close();
  });

  it('takes a frame that was delivered twice once', async () => {
    const { bus, items, first, say } = await setUp();
    await say(item(0), item(0), item(1), item(0), item(1), { kind: 'end', sequence: 2 });
    expect(await first).toEqual({ done: false, value: 'row 0' });
    expect(await items.next()).toEqual({ done: false, value: 'row 1' });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await bus.close();
  });

  it('breaks when the responder sends more than it was allowed to', async () => {
    const { bus, items, first, say } = await setUp(2);
    await say(...[0, 1, 2, 3, 4, 5].map((sequence) => item(sequence)));
    const reading = first.then(async () => {
      for await (const each of items) expect(each).toMatch(/^row /);
    });
    await expect(reading).rejects.toMatchObject({
      code: 'STREAM_BROKEN',
      detail: expect.stringContaining('more than it was allowed to'),
    });
    await bus.close();
  });

  it('listens to the first of two responders, and sends the other away', async () => {
    const { bus, items, first, say, heard } = await setUp();
    await say(item(0), item(0, 'other'), item(1, 'other'), item(1), { kind: 'end', sequence: 2 });
    expect(await first).toEqual({ done: false, value: 'row 0' });
    expect(await items.next()).toEqual({ done: false, value: 'row 1' });
    expect(await items.next()).toMatchObject({ done: true });
    await until('the other one heard of it', () => heard().includes('cancel other'));
    expect(heard()).not.toContain('cancel mine');
    await bus.close();
  });

  it('gives credit anew when half of it is read', async () => {
    const { bus, items, first, say, heard } = await setUp(4);
    await say(item(0), item(1), item(2), item(3));
    await first;
    expect(heard()).toEqual([]);
    await items.next();
    await until('credit came', () => heard().length > 0);
    expect(heard()).toEqual(['credit mine 6']);
    await items.return?.();
    await bus.close();
  });

  it('is over when it is returned, and counts what comes late', async () => {
    const { bus, items, first, say, heard } = await setUp();
    await say(item(0), item(1));
    await first;
    await items.return?.();
    await until('the responder heard of it', () => heard().includes('cancel mine'));
    expect(bus.health().openStreams).toBe(0);
    await say(item(2));
    await until('what comes late is counted', () => bus.health().lateReplies === 1);
    await bus.close();
  });
});

import { describe, expect, it } from '@jest/globals';
import { type Delivery, PublishFailed, RedeliverAfter } from '@trunkline/bus';
import { ManualClock } from '@trunkline/testing';
import { MemoryEngine } from './engine.js';
import { MemoryStore, type StoreOptions } from './store.js';

const utf8 = (said: string): Uint8Array => new TextEncoder().encode(said);
const message = (channel: string, value: string) => ({
  channel,
  value: utf8(value),
  headers: new Map<string, Uint8Array>(),
});
const said = ({ value }: Delivery): string => new TextDecoder().decode(value ?? new Uint8Array());

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function setUp(store: StoreOptions = {}) {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock, store: new MemoryStore({ partitions: 1, ...store }) });
  await engine.start();
  await engine.ensure([{ channel: 'c' }]);
  const read = async (deliver: (delivery: Delivery) => Promise<void>) => {
    const mode = { kind: 'group', group: 'g' } as const;
    return await engine.subscribe({ channels: ['c'], mode, order: 'key', concurrency: 4, from: 'earliest' }, deliver);
  };
  return { clock, engine, read };
}

describe('the memory engine', () => {
  it('keeps a bounded number of messages, the newest', async () => {
    const { engine, read } = await setUp({ messagesMax: 3_000 });
    for (let at = 0; at < 10_000; at += 100) {
      await engine.publish(Array.from({ length: 100 }, (_, index) => message('c', String(at + index))));
    }
    const seen: Delivery[] = [];
    await read(async (delivery) => void seen.push(delivery));
    while (seen.length < 3_000) await turn();
    await turn();
    expect(seen.map(said)).toEqual(Array.from({ length: 3_000 }, (_, index) => String(7_000 + index)));
    expect(seen[0]?.offset).toBe(7_000);
  });

  it('keeps a bounded number of bytes, but always the last message', async () => {
    const { engine, read } = await setUp({ bytesMax: 10 });
    for (const value of ['aaaa', 'bbbb', 'cccc', 'dddddddddddddddd']) await engine.publish([message('c', value)]);
    const seen: string[] = [];
    await read(async (delivery) => void seen.push(said(delivery)));
    await turn();
    expect(seen).toEqual(['dddddddddddddddd']);
  });

  it('takes its time from the clock that it is given', async () => {
    const { engine, clock, read } = await setUp();
    const attempts: [number, number][] = [];
    await read(async ({ attempt }) => {
      attempts.push([attempt, clock.monotonicMs()]);
      if (attempt === 1) throw new RedeliverAfter(3_600_000);
    });
    const beganMs = clock.monotonicMs();
    await engine.publish([message('c', 'x')]);
    await turn();
    clock.advance(3_599_999);
    await turn();
    expect(attempts).toHaveLength(1);
    clock.advance(1);
    await turn();
    expect(attempts).toEqual([
      [1, beganMs],
      [2, beganMs + 3_600_000],
    ]);
  });

  it('keeps what was sent, whatever the sender does with its bytes afterwards', async () => {
    const { engine, read } = await setUp();
    const value = utf8('before');
    await engine.publish([{ channel: 'c', value, headers: new Map() }]);
    value.fill(0);
    const seen: string[] = [];
    await read(async (delivery) => void seen.push(said(delivery)));
    await turn();
    expect(seen).toEqual(['before']);
  });

  it('names the messages that it refuses, and takes the others', async () => {
    const { engine, read } = await setUp();
    const sent = engine.publish([message('c', 'a'), message('nowhere', 'b'), message('c', 'c')]);
    const reason: unknown = await sent.catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(PublishFailed);
    expect([...(reason as PublishFailed).failed.keys()]).toEqual([1]);
    const seen: string[] = [];
    await read(async (delivery) => void seen.push(said(delivery)));
    await turn();
    expect(seen).toEqual(['a', 'c']);
  });

  it('gives a partition to another member only when its handlers are through', async () => {
    const { engine, read } = await setUp({ partitions: 2 });
    let finish = (): void => {};
    const first: string[] = [];
    await read(async (delivery) => {
      first.push(said(delivery));
      await new Promise<void>((resolve) => (finish = resolve));
    });
    await engine.publish([{ ...message('c', 'one'), partition: 1 }]);
    await turn();
    const second: string[] = [];
    await read(async (delivery) => void second.push(said(delivery)));
    await engine.publish([{ ...message('c', 'two'), partition: 1 }]);
    await turn();
    expect([first, second]).toEqual([['one'], []]);
    finish();
    await turn();
    expect([first, second]).toEqual([['one'], ['two']]);
  });
});

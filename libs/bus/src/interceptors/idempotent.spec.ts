import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@trunkline/testing';
import { RetryLater } from '../error.js';
import type { Exchange, Next } from '../interceptor.js';
import type { Message } from '../message.js';
import { MemoryDedupeStore, idempotent } from './idempotent.js';

function exchange(headers: Record<string, string>): Exchange {
  const message = { header: (name: string) => headers[name] } as Message;
  return { kind: 'work', channel: 'q', payload: 0, message, signal: new AbortController().signal };
}

function setUp(handler: Next, keysMax?: number) {
  const clock = new ManualClock();
  const store = new MemoryDedupeStore(clock, keysMax);
  return { clock, store, run: idempotent({ ttlMs: 1_000, store })(handler) };
}

describe('an idempotent handler', () => {
  it('handles one of several messages with one id, within the time it remembers', async () => {
    let runs = 0;
    const { clock, run } = setUp(async () => void runs++);
    for (const header of ['tl-dedupe-id', 'tl-dedupe-id', 'ce_id']) await run(exchange({ [header]: 'one' }));
    expect(runs).toBe(1);
    await run(exchange({ ce_id: 'two' }));
    await run(exchange({}));
    await run(exchange({}));
    expect(runs).toBe(4);
    clock.advance(1_000);
    await run(exchange({ ce_id: 'one' }));
    expect(runs).toBe(5);
  });

  it('lets a message run again when its handler failed', async () => {
    let runs = 0;
    const { run } = setUp(async () => {
      if (++runs === 1) throw new Error('not yet');
    });
    await expect(run(exchange({ ce_id: 'one' }))).rejects.toThrow('not yet');
    await run(exchange({ ce_id: 'one' }));
    await run(exchange({ ce_id: 'one' }));
    expect(runs).toBe(2);
  });

  it('asks for more time while its twin runs', async () => {
    let finish = (): void => {};
    const { run } = setUp(() => new Promise<void>((resolve) => (finish = resolve)));
    const first = run(exchange({ ce_id: 'one' }));
    await Promise.resolve();
    await expect(run(exchange({ ce_id: 'one' }))).rejects.toBeInstanceOf(RetryLater);
    finish();
    await first;
    await expect(run(exchange({ ce_id: 'one' }))).resolves.toBeUndefined();
  });

  it('holds a bounded number of keys', () => {
    const { store } = setUp(async () => {}, 2);
    for (const key of ['a', 'b', 'c']) store.claim(key, 1_000);
    expect([store.claim('b', 1_000), store.claim('c', 1_000), store.claim('a', 1_000)]).toEqual([
      'running',
      'running',
      'new',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { OutgoingMessage } from './engine.js';
import { PublishFailed, TrunklineError } from './error.js';
import { DEFAULT_LIMITS, type LimitOptions } from './limits.js';
import { Outbox } from './outbox.js';

const message = (channel: string, bytes = 1): OutgoingMessage => ({
  channel,
  value: new Uint8Array(bytes),
  headers: new Map(),
});

function setUp(limits: LimitOptions = {}) {
  const batches: string[][] = [];
  const answers: { resolve(): void; reject(reason: Error): void }[] = [];
  const engine = {
    publish: (messages: readonly OutgoingMessage[]) => {
      batches.push(messages.map(({ channel }) => channel));
      return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
    },
  };
  const outbox = new Outbox(engine, { ...DEFAULT_LIMITS, ...limits });
  return { batches, answers, outbox };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('an outbox', () => {
  it('sends what one turn of the event loop brought in one call', async () => {
    const { batches, answers, outbox } = setUp();
    const sends = [outbox.send(message('a')), outbox.send(message('b'))];
    void Promise.resolve().then(() => sends.push(outbox.send(message('later in the turn'))));
    await turn();
    const [first] = answers;
    first?.resolve();
    await Promise.all(sends.slice(0, 2));
    expect(batches[0]?.slice(0, 2)).toEqual(['a', 'b']);
    void outbox.send(message('next'));
    await turn();
    expect(batches.at(-1)).toEqual(['next']);
  });

  it('fails only those that failed, when the engine knows which', async () => {
    const { answers, outbox } = setUp();
    const sends = ['a', 'b', 'c'].map((channel) => outbox.send(message(channel)));
    await turn();
    const refused = new TrunklineError('ENGINE_REFUSED', 'b does not exist');
    answers[0]?.reject(new PublishFailed(new Map([[1, refused]])));
    const [a, b, c] = await Promise.allSettled(sends);
    expect([a?.status, b?.status, c?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(b).toMatchObject({ reason: refused });
  });

  it('fails all of them when it does not', async () => {
    const { answers, outbox } = setUp();
    const sends = ['a', 'b'].map((channel) => outbox.send(message(channel)));
    await turn();
    answers[0]?.reject(new Error('connection lost'));
    for (const result of await Promise.allSettled(sends)) {
      expect(result).toMatchObject({
        reason: { code: 'ENGINE_UNAVAILABLE', retriable: true, cause: { message: 'connection lost' } },
      });
    }
    await outbox.idle();
  });

  it('refuses a message that is too large, and names the limit and its setting', async () => {
    const { outbox, batches } = setUp({ messageBytesMax: 10 });
    await expect(outbox.send(message('orders', 11))).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      detail: expect.stringMatching(/^orders: 11 bytes, over the limit of 10 bytes; raise limits\.messageBytesMax/),
    });
    void outbox.send(message('orders', 10));
    await turn();
    expect(batches).toEqual([['orders']]);
  });

  it('refuses one more than may wait, in number and in bytes, until some were answered', async () => {
    for (const limits of [{ sendsPendingMax: 2 }, { sendBytesPendingMax: 2 }]) {
      const { outbox, answers } = setUp(limits);
      const sends = [outbox.send(message('a')), outbox.send(message('b'))];
      await expect(outbox.send(message('c'))).rejects.toMatchObject({ code: 'OVERLOADED', retriable: true });
      await turn();
      answers[0]?.resolve();
      await Promise.all(sends);
      expect(outbox.pending).toBe(0);
      void outbox.send(message('d'));
    }
  });

  it('says when nothing waits any more', async () => {
    const { outbox, answers } = setUp();
    await outbox.idle();
    void outbox.send(message('a'));
    let isIdle = false;
    const idle = outbox.idle().then(() => (isIdle = true));
    await turn();
    expect(isIdle).toBe(false);
    answers[0]?.resolve();
    await idle;
  });
});

import { describe, expect, it } from '@jest/globals';
import { MemoryEngine, MemoryStore } from '@trunkline/engine-memory';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import { until } from '@trunkline/testing';
import { Bus } from './bus.js';
import { json, text } from './codec.js';
import { call, queue, topic } from './contract.js';
import { timeout } from './interceptor.js';
import { fixed } from './retry.js';

const Job = queue('job', json<number>(), { partitions: 1, retry: { attempts: 2, backoff: fixed(1) } });
const Done = topic('done', json<number>(), { partitions: 1 });
const Ask = call('ask', { request: text(), reply: text() });
const Rows = call.stream('rows', { request: text(), item: text() });

function setUp() {
  const store = new MemoryStore();
  const bus = (service = 'shop'): Bus =>
    new Bus({ service, engine: new MemoryEngine({ store }), clock: nodeClock, random: nodeRandom });
  return { bus };
}

/** Resolves when the signal is aborted, with its reason. */
function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
}

describe('a drain', () => {
  it('lets handlers finish what they are about, sends and requests included', async () => {
    const { bus } = setUp();
    const other = bus('other');
    other.respond(Ask, (question) => question.toUpperCase());
    const seen: number[] = [];
    other.subscribe(Done, (number) => void seen.push(number));
    await other.start();
    const shop = bus();
    let go = (): void => {};
    let began = false;
    shop.work(Job, async (number) => {
      began = true;
      await new Promise<void>((resolve) => (go = resolve));
      const answer = await shop.request(Ask, 'x');
      await shop.publish(Done, number + answer.length);
    });
    await shop.start();
    await shop.enqueue(Job, 1);
    await until('it runs', () => began);
    const drained = shop.drain(5_000);
    go();
    await drained;
    await until('its event came', () => seen.length === 1);
    await other.close();
  });

  it('aborts at its deadline what still runs, and leaves it to another with all its attempts', async () => {
    const { bus } = setUp();
    const shop = bus();
    let reason: unknown;
    shop.work(Job, async (_, { signal }) => {
      reason = await abortOf(signal);
      throw new Error('aborted');
    });
    await shop.start();
    await shop.enqueue(Job, 7);
    await until('it runs', () => shop.health().lanes[0]?.inFlight === 1);
    await shop.drain(30);
    await until('the handler heard of it', () => reason !== undefined);
    expect(reason).toMatchObject({ code: 'CLOSED' });
    const next = bus();
    const attempts: number[] = [];
    next.work(Job, (_, { attempt }) => void attempts.push(attempt));
    await next.start();
    await until('another has it', () => attempts.length === 1);
    expect(attempts).toEqual([1]);
    await next.close();
  });

  it('ends open streams at its deadline with an error that their callers read', async () => {
    const { bus } = setUp();
    const [front, back] = [bus('front'), bus('back')];
    back.respondStream(Rows, async function* (_, { signal }) {
      yield 'first';
      await abortOf(signal);
    });
    await Promise.all([front.start(), back.start()]);
    const items = front.requestStream(Rows, 'x');
    expect(await items.next()).toEqual({ done: false, value: 'first' });
    const next = items.next();
    next.catch(() => {});
    await back.drain(30);
    await expect(next).rejects.toMatchObject({ code: 'REMOTE', remote: { code: 'CLOSED' } });
    expect(back.health().openStreams).toBe(0);
    await front.close();
  });

  it('leaves no request unanswered that another responder can answer', async () => {
    const { bus } = setUp();
    const [front, first, second] = [bus('front'), bus('back'), bus('back')];
    let isStuck = false;
    first.respond(Ask, async () => {
      isStuck = true;
      return await new Promise<string>(() => {});
    });
    await Promise.all([front.start(), first.start()]);
    const asked = front.request(Ask, 'x', { timeoutMs: 10_000 });
    await until('it runs', () => isStuck);
    second.respond(Ask, (question) => `${question} by the second`);
    const starting = second.start();
    await first.drain(20);
    await starting;
    expect(await asked).toBe('x by the second');
    await Promise.all([front.close(), second.close()]);
  });

  it('waits for requests and streams of its own, until its deadline', async () => {
    const { bus } = setUp();
    const [front, back] = [bus('front'), bus('back')];
    back.respond(Ask, async (question) => {
      await new Promise((resolve) => setImmediate(resolve));
      return question;
    });
    await Promise.all([front.start(), back.start()]);
    await front.request(Ask, 'warm');
    const asked = front.request(Ask, 'x');
    const nobody = front
      .request(call('nobody', { request: text(), reply: text() }), 'x')
      .catch((reason: unknown) => reason);
    await front.drain(100);
    expect(await asked).toBe('x');
    expect(await nobody).toMatchObject({ code: 'CLOSED' });
    await back.close();
  });
});

describe('a handler', () => {
  it('sees the signal of a time limit that is around it', async () => {
    const { bus } = setUp();
    const shop = bus();
    const reasons: unknown[] = [];
    const lane = shop.work(
      Job,
      async (_, { signal }) => {
        reasons.push(await abortOf(signal));
      },
      { interceptors: [timeout(20, nodeClock)] },
    );
    await shop.start();
    await shop.enqueue(Job, 1);
    await until('both attempts timed out', () => lane.health().deadLettered === 1);
    expect(reasons).toMatchObject([{ code: 'TIMED_OUT' }, { code: 'TIMED_OUT' }]);
    await shop.close();
  });
});

import { describe, expect, it } from '@jest/globals';
import { MemoryEngine, MemoryStore } from '@trunkline/engine-memory';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import { ManualClock, until } from '@trunkline/testing';
import { Bus } from './bus.js';
import { bytes, json, text } from './codec.js';
import { call, queue, topic } from './contract.js';
import type { Engine, EngineFeatures, OutgoingMessage, SubscriptionOptions } from './engine.js';
import { TrunklineError } from './error.js';
import { HEADER } from './headers.js';
import type { Message } from './message.js';
import type { BusOptions } from './options.js';
import { fixed } from './retry.js';

/** A memory engine whose doings a test may bend. */
class BentEngine extends MemoryEngine {
  readonly batches: (readonly OutgoingMessage[])[] = [];
  readonly subscriptions: SubscriptionOptions[] = [];
  refuse: (message: OutgoingMessage) => boolean = () => false;

  override async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    this.batches.push(messages);
    if (messages.some((message) => this.refuse(message))) throw new TrunklineError('ENGINE_UNAVAILABLE', 'bent');
    await super.publish(messages);
  }

  override subscribe(...given: Parameters<MemoryEngine['subscribe']>): ReturnType<MemoryEngine['subscribe']> {
    this.subscriptions.push(given[0]);
    return super.subscribe(...given);
  }
}

function lacking(feature: keyof EngineFeatures): Engine {
  const engine = new MemoryEngine();
  Object.defineProperty(engine, 'features', { value: { ...engine.features, [feature]: false } });
  return engine;
}

const busOf = (engine: Engine, options: Partial<BusOptions> = {}): Bus =>
  new Bus({ service: 'shop', engine, clock: nodeClock, random: nodeRandom, ...options });

const Placed = topic('orders.placed', json<{ id: string }>(), { partitions: 1 });
const Ask = call('ask', { request: text(), reply: text() });
const Rows = call.stream('rows', { request: text(), item: text() });

describe('a bus refuses at start-up', () => {
  const bus = (): Bus => busOf(new MemoryEngine());

  it('a service without a proper name', () => {
    expect(() => busOf(new MemoryEngine(), { service: 'my shop' })).toThrow(
      '[MISUSE] service "my shop": a name is 1 to 150 of',
    );
  });

  it('a second responder of a call', () => {
    const shop = bus();
    shop.respond(Ask, (question) => question);
    expect(() => shop.respond(Ask, (question) => question)).toThrow(
      '[MISUSE] respond ask: registered twice in the service shop; a call has one responder in a service',
    );
  });

  it('two contracts of one name that differ', () => {
    const shop = bus();
    shop.respond(Ask, (question) => question);
    expect(() => shop.respond(call('ask', { request: json<string>(), reply: text() }), (question) => question)).toThrow(
      '[MISUSE] ask: carries text/plain -> text/plain in one place and application/json -> text/plain in another; use one contract value, or another name',
    );
    expect(() => shop.respondStream(call.stream('ask', { request: text(), item: text() }), () => [])).toThrow(
      'ask: is a call in one place and a call with a stream in another',
    );
  });

  it('one name for a topic and a queue', () => {
    const shop = bus();
    shop.subscribe(Placed, () => {});
    expect(() => shop.work(queue('orders.placed', json<{ id: string }>()), () => {})).toThrow(
      'orders.placed: is a topic in one place and a queue in another',
    );
  });

  it('two handlers of one topic in one group', () => {
    const shop = bus();
    shop.subscribe(Placed, () => {});
    shop.subscribe(Placed, () => {}, { group: 'second' });
    expect(() => shop.subscribe(Placed, () => {})).toThrow(
      'subscribe orders.placed: registered twice in the service shop; give one of them a group',
    );
    expect(() => shop.subscribe(Placed, () => {}, { group: 'g', broadcast: true })).toThrow('broadcast has no group');
  });

  it('what its engine lacks', async () => {
    const ordered = busOf(lacking('orderedByKey'));
    expect(() => ordered.subscribe(Placed, () => {}, { order: 'key' })).toThrow(
      "[UNSUPPORTED] subscribe orders.placed: the engine memory lacks orderedByKey, which order: 'key' needs",
    );
    expect(() => busOf(lacking('replay')).subscribe(Placed, () => {}, { from: 'earliest' })).toThrow('lacks replay');
    const withoutInbox = busOf(lacking('partitionedBroadcast'));
    withoutInbox.respondStream(Rows, () => []);
    await expect(withoutInbox.start()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(withoutInbox.health()).toMatchObject({ status: 'down', state: 'failed' });
    await withoutInbox.close();
    const asking = busOf(lacking('partitionedBroadcast'));
    await asking.start();
    await expect(asking.request(Ask, 'x')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      detail: expect.stringContaining('partitionedBroadcast'),
    });
    await asking.close();
  });

  it('options without sense', () => {
    const shop = bus();
    expect(() => shop.subscribe(Placed, () => {}, { concurrency: 0 })).toThrow(
      'subscribe orders.placed: concurrency is 0',
    );
    expect(() => shop.subscribe(Placed, () => {}, { group: 'no good' })).toThrow('group "shop.no good"');
    expect(() => shop.subscribe(Placed, () => {}, { retry: { attempts: 0 } })).toThrow('retry.attempts is 0');
    expect(() => shop.subscribe(Placed, () => {}, { idempotent: { ttlMs: 0 } })).toThrow('idempotent.ttlMs is 0');
    expect(() => busOf(new MemoryEngine(), { limits: { concurrency: -1 } })).toThrow('limits.concurrency is -1');
  });
});

describe('a bus', () => {
  it('sends nothing before it started nor after it closed, and says so', async () => {
    const shop = busOf(new MemoryEngine());
    await expect(shop.publish(Placed, { id: '1' })).rejects.toThrow(
      '[CLOSED] orders.placed: the bus of shop has not started; await bus.start() first',
    );
    await shop.start();
    await shop.publish(Placed, { id: '1' });
    await shop.close();
    await expect(shop.publish(Placed, { id: '1' })).rejects.toThrow('the bus of shop is closed');
    await shop.close();
    await expect(shop.start()).resolves.toBeUndefined(); // the start that there was
    expect(() => shop.subscribe(Placed, () => {})).toThrow('CLOSED');
  });

  it('sends what one turn brought in one call, and asks for a channel once', async () => {
    const engine = new BentEngine();
    const shop = busOf(engine);
    await shop.start();
    await shop.publish(Placed, { id: '0' });
    await Promise.all(Array.from({ length: 100 }, (_, index) => shop.publish(Placed, { id: String(index) })));
    expect(engine.batches.map((batch) => batch.length)).toEqual([1, 100]);
    await shop.close();
  });

  it('takes handlers after its start, which say when they read', async () => {
    const shop = busOf(new MemoryEngine());
    await shop.start();
    const seen: string[] = [];
    const lane = shop.subscribe(Placed, ({ id }) => void seen.push(id));
    await lane.ready();
    await shop.publish(Placed, { id: 'late' });
    await until('it came', () => seen.length === 1);
    await lane.close(1_000);
    expect(shop.health().lanes).toEqual([]);
    shop.respond(Ask, (question) => question.toUpperCase());
    expect(await shop.request(Ask, 'hello')).toBe('HELLO');
    await shop.close();
  });

  it('tells how its lanes and its inbox are', async () => {
    const shop = busOf(new MemoryEngine());
    shop.subscribe(Placed, () => {});
    shop.respond(Ask, (question) => question);
    expect(shop.health()).toMatchObject({
      status: 'down',
      state: 'new',
      lanes: [{ state: 'waiting' }, { state: 'waiting' }],
    });
    await shop.start();
    await shop.request(Ask, 'x');
    expect(shop.health()).toMatchObject({
      status: 'up',
      state: 'running',
      lanes: [
        { name: 'subscribe orders.placed', channel: 'orders.placed', group: 'orders.placed.shop', state: 'running' },
        { name: 'respond ask', channel: 'ask', group: 'ask.responders', state: 'running', handled: 1 },
      ],
      inbox: { state: 'running' },
      pendingRequests: 0,
    });
    await shop.close();
    expect(shop.health().status).toBe('down');
  });

  it('is red when a subscription failed, whatever the others do', async () => {
    const engine = new MemoryEngine();
    const subscribe = engine.subscribe.bind(engine);
    engine.subscribe = async (...given) => {
      const subscription = await subscribe(...given);
      if (given[0].channels.includes('orders.placed')) {
        subscription.status = () => ({ state: 'failed', reason: 'lost its assignment', inFlight: 0, assigned: [] });
      }
      return subscription;
    };
    const shop = busOf(engine);
    shop.subscribe(Placed, () => {});
    shop.respond(Ask, (question) => question);
    await shop.start();
    expect(shop.health()).toMatchObject({
      status: 'down',
      lanes: [{ state: 'failed', reason: 'lost its assignment' }, { state: 'running' }],
    });
    await shop.close();
  });

  it('costs a request two messages and no more', async () => {
    const engine = new BentEngine();
    const shop = busOf(engine);
    shop.respond(Ask, (question) => question);
    await shop.start();
    await shop.request(Ask, 'warm');
    engine.batches.length = 0;
    await shop.request(Ask, 'x');
    expect(engine.batches.flat().map(({ channel }) => channel)).toEqual(['ask', 'shop.inbox']);
    await shop.close();
  });

  it('sends in one call what answers that came together led to', async () => {
    const engine = new BentEngine();
    const bus = busOf(engine);
    bus.respond(Ask, (question) => question);
    await bus.start();
    await bus.request(Ask, 'opens the inbox');
    engine.batches.length = 0;
    const askThrice = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) await bus.request(Ask, 'again');
    };
    await Promise.all(Array.from({ length: 30 }, askThrice));
    expect(engine.batches.map((batch) => batch.length)).toEqual([30, 30, 30, 30, 30, 30]);
    await bus.close();
  });

  it('refuses more requests and streams than it may hold', async () => {
    const shop = busOf(new MemoryEngine(), { limits: { requestsPendingMax: 2, streamsOpenMax: 1 } });
    await shop.start();
    const asked = [shop.request(Ask, 'a'), shop.request(Ask, 'b')].map((each) =>
      each.catch((reason: unknown) => reason),
    );
    await expect(shop.request(Ask, 'c')).rejects.toMatchObject({
      code: 'OVERLOADED',
      detail: expect.stringContaining('limits.requestsPendingMax'),
    });
    const first = shop.requestStream(Rows, 'a');
    const waiting = first.next().catch((reason: unknown) => reason);
    await expect(shop.requestStream(Rows, 'b').next()).rejects.toMatchObject({
      code: 'OVERLOADED',
      detail: expect.stringContaining('limits.streamsOpenMax'),
    });
    await first.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await shop.close();
    expect(await Promise.all(asked)).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED' }]);
  });

  it('rejects a delivery whose dead letter cannot be written, and runs the handler no further', async () => {
    const engine = new BentEngine();
    const clock = new ManualClock();
    const store = new MemoryStore();
    const bent = new BentEngine({ clock, store });
    const shop = busOf(bent, { clock, retry: { attempts: 2, backoff: fixed(10) } });
    let runs = 0;
    const dead: Message[] = [];
    const lane = shop.subscribe(Placed, () => {
      runs += 1;
      throw new Error('never');
    });
    shop.subscribe(topic('orders.placed.orders.placed.shop.dead', bytes()), () => {}); // another channel of a like name
    shop.subscribe(topic('orders.placed.shop.dead', bytes()), (_, message) => void dead.push(message));
    await shop.start();
    bent.refuse = ({ channel }) => channel === 'orders.placed.shop.dead';
    await shop.publish(Placed, { id: '1' });
    await until('it failed to write the dead letter a few times', () => {
      clock.advance(60_000);
      return bent.batches.flat().filter(({ channel }) => channel.endsWith('.dead')).length >= 4;
    });
    expect(runs).toBe(2);
    expect(lane.health()).toMatchObject({ deadLettered: 0, retried: 1 });
    bent.refuse = () => false;
    await until('it is written', () => {
      clock.advance(60_000);
      return dead.length === 1;
    });
    expect(runs).toBe(2);
    expect(dead[0]?.header(HEADER.errorAttempts)).toBe('2');
    await until('it is counted', () => lane.health().deadLettered === 1);
    const closing = shop.close();
    clock.advance(1);
    await closing;
    await engine.close();
  });

  it('runs interceptors around handlers and sends, its own outside', async () => {
    const seen: string[] = [];
    const shop = busOf(new MemoryEngine(), {
      interceptors: [
        (next) => async (exchange) => (
          seen.push(`bus ${exchange.kind} ${String(exchange.payload)}`),
          await next(exchange)
        ),
      ],
      sendInterceptors: [
        (next) => async (exchange) => {
          exchange.headers.set('traceparent', new TextEncoder().encode('00-1'));
          seen.push(`send ${exchange.kind} ${String(exchange.payload)}`);
          return await next(exchange);
        },
      ],
    });
    shop.respond(
      Ask,
      (question, message) => {
        seen.push(`handler ${message.header('traceparent')}`);
        return question;
      },
      {
        interceptors: [
          (next) => async (exchange) => (seen.push('lane'), await next({ ...exchange, payload: 'changed' })),
        ],
      },
    );
    await shop.start();
    expect(await shop.request(Ask, 'x')).toBe('changed');
    expect(seen).toEqual(['send request x', 'bus respond x', 'lane', 'handler 00-1']);
    await shop.close();
  });

  it('opens its inbox once, and begins anew when that failed', async () => {
    const engine = new MemoryEngine();
    const ensure = engine.ensure.bind(engine);
    let failures = 1;
    engine.ensure = async (specs) => {
      if (specs.some(({ channel }) => channel === 'shop.inbox') && failures-- > 0) {
        throw new TrunklineError('ENGINE_UNAVAILABLE', 'not yet');
      }
      await ensure(specs);
    };
    const shop = busOf(engine);
    shop.respond(Ask, (question) => question);
    await shop.start();
    await expect(shop.request(Ask, 'x')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(shop.health().status).toBe('down');
    expect(await Promise.all([shop.request(Ask, 'x'), shop.request(Ask, 'y')])).toEqual(['x', 'y']);
    expect(shop.health().status).toBe('up');
    await shop.close();
  });
});

import { afterAll, afterEach, beforeAll } from '@jest/globals';
import {
  type BusOptions,
  Bus,
  type Deliver,
  type Delivery,
  type Engine,
  type EngineFeatures,
  type OutgoingMessage,
  type Subscription,
  type SubscriptionOptions,
} from '@trunkline/bus';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import { until } from './until.js';

/** Where engines under test keep their messages: a store in memory, a broker in the process, a cluster. */
export interface EngineWorld {
  /** One more engine over the same messages, as another process would have it. Not started. */
  engine(): Engine;
  /** Ends and begins anew what the messages are kept by. Missing: closing every engine is all there is to do. */
  restart?(): Promise<void>;
  close(): Promise<void>;
}

/** The engine that a suite is about. */
export interface EngineUnderTest {
  /** What `engine.features` says; tests are registered by it, and one test holds the engine to it. */
  readonly features: EngineFeatures;
  open(): Promise<EngineWorld>;
}

/** A condition in these suites is met in milliseconds; a machine under load may need its time. */
export const WAIT_MS = 15_000;

/** What is opened may be a cluster that Java starts. */
const HOOK_MS = 120_000;

let names = 0;

/** What the tests of one suite share: a world, and everything that must be closed after each test. */
export class Kit {
  readonly #stamp = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
  #world: EngineWorld | undefined;
  #opened: (() => Promise<void>)[] = [];

  constructor(readonly tested: EngineUnderTest) {
    beforeAll(async () => {
      this.#world = await tested.open();
    }, HOOK_MS);
    afterEach(async () => {
      const opened = this.#opened;
      this.#opened = [];
      await Promise.all(opened.map((close) => close()));
    }, HOOK_MS);
    afterAll(async () => {
      await this.#world?.close();
    }, HOOK_MS);
  }

  get world(): EngineWorld {
    if (this.#world === undefined) throw new Error('the world of engines is not open');
    return this.#world;
  }

  /** A name that no other test has. */
  name(what: string): string {
    return `${what}-${this.#stamp}-${++names}`;
  }

  /** A started engine, closed after the test. */
  async engine(): Promise<Engine> {
    const engine = this.world.engine();
    await engine.start();
    this.#opened.push(() => engine.close());
    return engine;
  }

  /** A channel that exists. */
  async channel(engine: Engine, partitions = 4): Promise<string> {
    const channel = this.name('channel');
    await engine.ensure([{ channel, partitions }]);
    return channel;
  }

  /** A bus with an engine of its own, not started, closed after the test. */
  bus(service: string, options: Partial<BusOptions> = {}): Bus {
    const bus = new Bus({ service, engine: this.world.engine(), clock: nodeClock, random: nodeRandom, ...options });
    this.#opened.push(() => bus.close());
    return bus;
  }

  /** Closes everything, ends the world's keeper and begins it anew. */
  async restart(): Promise<void> {
    const opened = this.#opened;
    this.#opened = [];
    await Promise.all(opened.map((close) => close()));
    await this.world.restart?.();
  }
}

/** A subscription in a group, with what is usual. */
export function subscribe(
  engine: Engine,
  channel: string,
  group: string,
  deliver: Deliver,
  options: Partial<SubscriptionOptions> = {},
): Promise<Subscription> {
  const mode = { kind: 'group', group } as const;
  return engine.subscribe(
    { channels: [channel], mode, order: 'key', concurrency: 8, from: 'earliest', ...options },
    deliver,
  );
}

/** A message with a text as its value. */
export function message(
  channel: string,
  value: string,
  rest: Partial<OutgoingMessage> & { keyText?: string } = {},
): OutgoingMessage {
  const { keyText, ...others } = rest;
  return {
    channel,
    value: bytesOf(value),
    headers: new Map(),
    ...(keyText !== undefined && { key: bytesOf(keyText) }),
    ...others,
  };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes === null || bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

export function valueOf(delivery: Delivery): string | undefined {
  return textOf(delivery.value);
}

/** Waits until there are at least so many, and answers them. */
export async function atLeast<T>(count: number, seen: readonly T[], what = 'messages'): Promise<readonly T[]> {
  await until(`${count} ${what}`, () => seen.length >= count, WAIT_MS);
  return seen;
}

/** Something that a handler waits for until the test lets it go on. */
export class Gate {
  #open: () => void = () => {};
  readonly passed = new Promise<void>((resolve) => (this.#open = resolve));

  open(): void {
    this.#open();
  }
}

/** Lets a few turns of the event loop pass: a handler that takes a little. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error('it did not reject');
}

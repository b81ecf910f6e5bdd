import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type Type,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import {
  Bus,
  type Call,
  type Codec,
  type HandlerLane,
  type Queue,
  type StreamCall,
  type Topic,
  queue,
  topic,
} from '@trunkline/bus';
import { DEFAULT_BUS } from './contract-metadata.js';
import { dto } from './dto.js';
import { misuse, outcomeOf } from './errors.js';
import { type FoundHandler, exploreHandlers } from './explorer.js';
import { HandlerRunner } from './handler-runner.js';
import { payloadIndex } from './parameters.js';
import { MODULE_OPTIONS } from './module-options.js';
import type { TrunklineModuleOptions } from './module-options.js';

/** Any time will do: the timer is there, it has nothing to do. */
const AWAKE_MS = 60_000;
/** How long running handlers may take to finish when the application closes, ms, when the module does not say. */
const DRAIN_MS = 10_000;

/**
 * Binds decorated methods to the bus when the application starts, and lets them finish when it closes.
 *
 * Handlers stop in `onModuleDestroy`, while HTTP requests under way may still send; the bus closes in
 * `onApplicationShutdown`, behind them.
 */
@Injectable()
export class HandlerBinder implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  readonly #lanes: HandlerLane[] = [];
  readonly #runner: HandlerRunner;

  constructor(
    private readonly bus: Bus,
    @Inject(MODULE_OPTIONS) private readonly options: TrunklineModuleOptions,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    modules: ModulesContainer,
    contexts: ExternalContextCreator,
  ) {
    this.#runner = new HandlerRunner(contexts, modules);
  }

  async onApplicationBootstrap(): Promise<void> {
    const handlers = exploreHandlers(this.discovery, this.scanner);
    this.#checkBuses(handlers);
    for (const handler of handlers) if (busOf(handler) === this.name) this.#lanes.push(this.#bind(handler));
    // No timer of a bus keeps the process alive: waiting for a broker that is gone, it would end without a word.
    const awake = setInterval(() => {}, AWAKE_MS);
    try {
      await this.bus.start();
    } finally {
      clearInterval(awake);
    }
  }

  /** The name of the bus that this one binds handlers to. */
  get name(): string {
    return this.options.name ?? DEFAULT_BUS;
  }

  /** A handler of a bus that is not there would never run, and nobody would notice. */
  #checkBuses(handlers: readonly FoundHandler[]): void {
    const names = new Set<string>();
    for (const { instance } of this.discovery.getProviders())
      if (instance instanceof HandlerBinder) names.add(instance.name);
    const lost = handlers.find((handler) => !names.has(busOf(handler)));
    if (lost === undefined) return;
    const wanted = busOf(lost) === DEFAULT_BUS ? 'a bus without a name' : `the bus "${busOf(lost)}"`;
    throw misuse(`${lost.where} wants ${wanted}, and there is none; import TrunklineModule.forRoot with that name`);
  }

  async onModuleDestroy(): Promise<void> {
    const deadlineMs = this.options.drainMs ?? DRAIN_MS;
    await Promise.all(this.#lanes.map((lane) => lane.close(deadlineMs)));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.drain(this.options.drainMs ?? DRAIN_MS);
  }

  #bind(handler: FoundHandler): HandlerLane {
    const { metadata, where } = handler;
    try {
      switch (metadata.verb) {
        case 'subscribe': {
          const contract =
            typeof metadata.contract === 'string' ? named(metadata.contract, handler, topic) : metadata.contract;
          if (contract.kind !== 'topic')
            throw misuse(`@Subscribe takes a topic, ${contract.name} is a ${contract.kind}`);
          return this.bus.subscribe(contract as AnyTopic, this.#void(handler), metadata.options);
        }
        case 'work': {
          const contract =
            typeof metadata.contract === 'string' ? named(metadata.contract, handler, queue) : metadata.contract;
          if (contract.kind !== 'queue') throw misuse(`@Work takes a queue, ${contract.name} is a ${contract.kind}`);
          return this.bus.work(contract as AnyQueue, this.#void(handler), metadata.options);
        }
        case 'respond':
          return this.#respond(handler);
      }
    } catch (reason) {
      if (reason instanceof Error) reason.message += ` (at ${where})`;
      throw reason;
    }
  }

  #respond(handler: FoundHandler): HandlerLane {
    const { contract, options } = handler.metadata;
    if (typeof contract === 'string')
      throw misuse(`@Respond("${contract}"): give the call, a name does not say what is answered`);
    const run = this.#runner.runner(handler, true);
    if (contract.kind === 'call') return this.bus.respond(contract as AnyCall, run, options);
    if (contract.kind !== 'stream') throw misuse(`@Respond takes a call, ${contract.name} is a ${contract.kind}`);
    return this.bus.respondStream(
      contract as AnyStream,
      async (payload, message) => items(await run(payload, message), handler),
      options,
    );
  }

  #void(handler: FoundHandler) {
    const run = this.#runner.runner(handler, false);
    return async (payload: unknown, message: Parameters<typeof run>[1]): Promise<void> => {
      await run(payload, message);
    };
  }
}

function busOf({ metadata }: FoundHandler): string {
  return metadata.bus ?? DEFAULT_BUS;
}

type AnyTopic = Topic<unknown, unknown>;
type AnyQueue = Queue<unknown, unknown>;
type AnyCall = Call<unknown, unknown, unknown, unknown>;
type AnyStream = StreamCall<unknown, unknown, unknown, unknown>;

/** The contract of a handler that was given by name: the payload's class is the type of the method's parameter. */
function named<Made>(
  name: string,
  { wrapper, methodName, where }: FoundHandler,
  make: (name: string, codec: Codec<object>) => Made,
): Made {
  const prototype: object = Object.getPrototypeOf(wrapper.instance);
  const index = payloadIndex(prototype.constructor, methodName) ?? 0;
  const types: unknown = Reflect.getMetadata('design:paramtypes', prototype, methodName);
  const type: unknown = Array.isArray(types) ? types[index] : undefined;
  if (typeof type !== 'function' || [Object, String, Number, Boolean, Array, Promise].some((plain) => plain === type)) {
    throw misuse(
      `"${name}" is given by name, so the payload of ${where} must have a class as its type (a value import, not "import type"); or give a contract`,
    );
  }
  return make(name, dto(type as Type<object>));
}

function items(result: unknown, { where }: FoundHandler): AsyncIterable<unknown> {
  if (typeof result === 'object' && result !== null && (Symbol.asyncIterator in result || Symbol.iterator in result)) {
    return told(result as AsyncIterable<unknown> | Iterable<unknown>);
  }
  throw misuse(`${where} answers a streamed call: it must return an (async) iterable, as async *generators do`);
}

/** A generator runs behind Nest's filters: what it throws is told to the caller as any other error of a handler. */
async function* told(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  try {
    yield* source;
  } catch (reason) {
    throw outcomeOf(reason, true);
  }
}

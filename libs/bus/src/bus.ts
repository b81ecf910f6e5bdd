import { silentLogger } from '@trunkline/kernel';
import { Channels, channelsOf } from './channels.js';
import { type Call, type Contract, type Queue, type StreamCall, type Topic, channelName } from './contract.js';
import { Control } from './control.js';
import { within } from './deadline.js';
import { TrunklineError } from './error.js';
import { Inbox } from './inbox.js';
import type { Lane } from './lane.js';
import { limitsOf } from './limits.js';
import type {
  BusHealth,
  BusOptions,
  EnqueueOptions,
  HandlerLane,
  PublishOptions,
  RequestOptions,
  RespondHandler,
  RespondOptions,
  StreamHandler,
  StreamOptions,
  SubscribeHandler,
  SubscribeOptions,
  WorkHandler,
  WorkOptions,
} from './options.js';
import { Outbox } from './outbox.js';
import type { BusParts } from './parts.js';
import { PubSub } from './pub-sub.js';
import { Requests } from './requests.js';
import { Responder } from './responder.js';
import { DEFAULT_RETRY, retryPolicy } from './retry.js';
import { Sender } from './sender.js';
import { Slots } from './slots.js';
import { StreamResponder } from './stream-responder.js';
import { Streams } from './streams.js';
import type { BusVerbs } from './verbs.js';
import { WorkQueue } from './work-queue.js';

/**
 * Publish/subscribe, work queues and request/response over one engine.
 *
 * The bus owns its engine from `start` on and closes it. Everything that waits here has a deadline or a limit.
 */
export class Bus implements BusVerbs {
  readonly service: string;
  readonly #parts: BusParts;
  readonly #pubSub: PubSub;
  readonly #workQueue: WorkQueue;
  readonly #requests: Requests;
  readonly #streams: Streams;
  readonly #sender: Sender;
  readonly #inbox: Inbox;
  readonly #control: Control;
  readonly #answered: Slots;
  readonly #lanes = new Map<string, Lane>();
  readonly #declared: Contract[] = [];
  #state: BusHealth['state'] = 'new';
  #connected: Promise<void> | undefined;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** Throws `MISUSE` for a wrong name, limit or policy. */
  constructor(options: BusOptions) {
    const { engine, clock, random } = options;
    this.service = channelName(`service "${options.service}"`, options.service);
    const limits = limitsOf(options.limits, engine);
    const prefix = `${random.uuid()}.`;
    let ids = 0;
    this.#parts = {
      service: this.service,
      engine,
      clock,
      random,
      logger: options.logger ?? silentLogger,
      limits,
      interceptors: options.interceptors ?? [],
      sendInterceptors: options.sendInterceptors ?? [],
      retry: retryPolicy(options.retry, DEFAULT_RETRY, 'the bus'),
      outbox: new Outbox(engine, limits),
      channels: new Channels(engine),
      uniqueId: () => prefix + String(ids++),
    };
    this.#sender = new Sender(this.#parts);
    this.#inbox = new Inbox(this.#parts, prefix);
    this.#control = new Control(this.#parts);
    this.#pubSub = new PubSub(this.#sender);
    this.#workQueue = new WorkQueue(this.#sender);
    this.#requests = new Requests(this.#sender, this.#inbox);
    this.#streams = new Streams(this.#sender, this.#inbox);
    this.#answered = new Slots(limits.streamsOpenMax);
  }

  /** Resolves once the engine is answerable for the message. */
  async publish<T, In>(topic: Topic<T, In>, value: NoInfer<In>, options: PublishOptions = {}): Promise<void> {
    const connecting = this.#use(topic);
    if (connecting !== undefined) await connecting;
    await this.#pubSub.publish(topic, value, options);
  }

  /** Resolves once the engine is answerable for the job. */
  async enqueue<T, In>(queue: Queue<T, In>, job: NoInfer<In>, options: EnqueueOptions = {}): Promise<void> {
    const connecting = this.#use(queue);
    if (connecting !== undefined) await connecting;
    await this.#workQueue.enqueue(queue, job, options);
  }

  /** Resolves with the answer. Rejects with `TIMED_OUT`, `ABORTED`, `REMOTE` (a `RemoteError`), or what a send may reject with. */
  async request<Req, Rep, ReqIn, RepIn>(
    call: Call<Req, Rep, ReqIn, RepIn>,
    value: NoInfer<ReqIn>,
    options: RequestOptions = {},
  ): Promise<Rep> {
    const connecting = this.#use(call);
    if (connecting !== undefined) await connecting;
    return await this.#requests.request(call, value, options);
  }

  /**
   * The answers of a responder, in order, each once. Asks with the first `next`. Leaving a `for await` early stops the
   * responder; who takes the iterator by hand must call `return`.
   */
  requestStream<Req, Item, ReqIn, ItemIn>(
    call: StreamCall<Req, Item, ReqIn, ItemIn>,
    value: NoInfer<ReqIn>,
    options: StreamOptions = {},
  ): AsyncIterableIterator<Item> {
    const connecting = this.#use(call);
    return this.#streams.read(call, value, options, connecting);
  }

  /**
   * Says that this process sends to these contracts: their channels are made by `start`; after it, with the first message.
   * Throws `MISUSE` when a name has two meanings.
   */
  declare(contracts: readonly Contract[]): void {
    for (const contract of contracts) this.#parts.channels.claim(contract);
    this.#declared.push(...contracts);
  }

  subscribe<T, In>(
    topic: Topic<T, In>,
    handler: SubscribeHandler<NoInfer<T>>,
    options: SubscribeOptions = {},
  ): HandlerLane {
    this.#parts.channels.claim(topic);
    const which = options.broadcast === true ? ' broadcast' : options.group === undefined ? '' : ` ${options.group}`;
    return this.#register(`subscribe ${topic.name}${which}`, 'give one of them a group', () => {
      return this.#pubSub.lane(topic, handler, options);
    });
  }

  work<T, In>(queue: Queue<T, In>, handler: WorkHandler<NoInfer<T>>, options: WorkOptions = {}): HandlerLane {
    this.#parts.channels.claim(queue);
    return this.#register(`work ${queue.name}`, 'raise its concurrency instead', () => {
      return this.#workQueue.lane(queue, handler, options);
    });
  }

  respond<Req, Rep, ReqIn, RepIn>(
    call: Call<Req, Rep, ReqIn, RepIn>,
    handler: RespondHandler<NoInfer<Req>, NoInfer<RepIn>>,
    options: RespondOptions = {},
  ): HandlerLane {
    this.#parts.channels.claim(call);
    return this.#register(`respond ${call.name}`, 'a call has one responder in a service', () => {
      return new Responder(this.#sender, this.#control, call, handler, options).lane;
    });
  }

  respondStream<Req, Item, ReqIn, ItemIn>(
    call: StreamCall<Req, Item, ReqIn, ItemIn>,
    handler: StreamHandler<NoInfer<Req>, NoInfer<ItemIn>>,
    options: RespondOptions = {},
  ): HandlerLane {
    this.#parts.channels.claim(call);
    const parts = { sender: this.#sender, control: this.#control, inbox: this.#inbox, slots: this.#answered };
    return this.#register(`respond ${call.name}`, 'a call has one responder in a service', () => {
      return new StreamResponder(parts, call, handler, options).lane;
    });
  }

  /** Connects, makes the missing channels, and resolves when every lane reads. Rejects with the first thing that is wrong. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Stops fetching, lets what runs finish (at most `deadlineMs`), acknowledges, leaves, closes. Handlers may still send. */
  drain(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  /** The same without waiting for handlers: what they did not finish is delivered again to somebody else. */
  close(): Promise<void> {
    return this.drain(0);
  }

  health(): BusHealth {
    const lanes = [...this.#lanes.values()].map((lane) => lane.health());
    const inbox = this.#inbox.isOpened ? { ...this.#inbox.status(), partition: this.#inbox.partition } : undefined;
    const parts = [...lanes, this.#control.status(), ...(inbox === undefined ? [] : [inbox])];
    const isUp = this.#state === 'running' && parts.every(({ state }) => state === 'running' || state === 'paused');
    return {
      status: isUp ? 'up' : 'down',
      state: this.#state,
      lanes,
      ...(inbox !== undefined && { inbox }),
      pendingRequests: this.#requests.pending,
      openStreams: this.#streams.open + this.#answered.taken,
      lateReplies: this.#inbox.late,
    };
  }

  #use(contract: Contract): Promise<void> | undefined {
    this.#parts.channels.claim(contract);
    switch (this.#state) {
      case 'running':
      case 'draining':
        return undefined;
      case 'starting':
        return this.#connected;
      case 'new':
      case 'closed':
      case 'failed': {
        const said = this.#state === 'new' ? 'has not started; await bus.start() first' : `is ${this.#state}`;
        throw new TrunklineError('CLOSED', `${contract.name}: the bus of ${this.service} ${said}`);
      }
    }
  }

  #register(name: string, advice: string, make: () => Lane): HandlerLane {
    if (this.#lanes.has(name)) {
      throw new TrunklineError('MISUSE', `${name}: registered twice in the service ${this.service}; ${advice}`);
    }
    if (this.#state !== 'new' && this.#state !== 'running' && this.#state !== 'starting') {
      throw new TrunklineError('CLOSED', `${name}: the bus of ${this.service} is ${this.#state}`);
    }
    const lane = make();
    this.#lanes.set(name, lane);
    lane.closed = () => this.#lanes.delete(name);
    if (this.#state !== 'new') this.#startLate(lane);
    return lane;
  }

  async #start(): Promise<void> {
    if (this.#state !== 'new') throw new TrunklineError('CLOSED', `the bus of ${this.service} is ${this.#state}`);
    this.#state = 'starting';
    try {
      this.#connected = this.#parts.engine.start();
      await this.#connected;
      const lanes = [...this.#lanes.values()];
      const declared = this.#declared.flatMap((contract) => channelsOf(contract));
      await this.#parts.channels.make([...declared, ...lanes.flatMap(({ spec }) => spec.channels)]);
      await this.#control.listen(lanes.flatMap(({ spec }) => spec.control ?? []));
      await Promise.all(lanes.map((lane) => lane.start()));
      if (this.#state === 'starting') this.#state = 'running';
    } catch (reason) {
      this.#state = 'failed';
      throw TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    }
  }

  /** A handler that was registered after `start` began. */
  #startLate(lane: Lane): void {
    const starting = async (): Promise<void> => {
      await this.#connected;
      await this.#parts.channels.make(lane.spec.channels);
      await this.#control.listen(lane.spec.control ?? []);
      await lane.start();
    };
    starting().catch((reason: unknown) => {
      lane.failed(TrunklineError.from(reason, 'ENGINE_UNAVAILABLE'));
      this.#parts.logger.error(`${lane.name}: does not read`, { error: String(reason) });
    });
  }

  async #close(deadlineMs: number): Promise<void> {
    if (this.#started === undefined) {
      this.#state = 'closed';
      return;
    }
    if (this.#state !== 'failed') this.#state = 'draining';
    await this.#started.catch(() => {});
    const { clock, outbox, engine } = this.#parts;
    const untilMs = clock.monotonicMs() + deadlineMs;
    const leftMs = (): number => Math.max(0, untilMs - clock.monotonicMs());
    try {
      await Promise.allSettled([...this.#lanes.values()].map((lane) => lane.close(deadlineMs)));
      await within(clock, leftMs(), Promise.all([this.#requests.idle(), this.#streams.idle()]));
      this.#requests.close();
      this.#streams.close();
      await Promise.allSettled([this.#control.close(), this.#inbox.close()]);
      await within(clock, Math.max(leftMs(), SENDS_SETTLE_MS), outbox.idle());
    } finally {
      await engine.close();
      this.#state = 'closed';
    }
  }
}

/** What is with the engine already gets at least so long to be answered, also when the deadline has passed. */
const SENDS_SETTLE_MS = 5_000;

import { within } from './deadline.js';
import type { ChannelSpec, Delivery, DeliveryOrder, Subscription, SubscriptionMode } from './engine.js';
import { TrunklineError } from './error.js';
import type { DeliveredMessage } from './message.js';
import type { HandlerLane, LaneHealth } from './options.js';
import type { BusParts } from './parts.js';

/** What a lane subscribes to. */
export interface LaneSpec {
  readonly name: string;
  readonly channel: string;
  readonly mode: SubscriptionMode;
  readonly order: DeliveryOrder;
  readonly concurrency: number;
  readonly from: 'earliest' | 'latest';
  /** Channels that must be there before it reads. */
  readonly channels: readonly ChannelSpec[];
  /** Calls whose callers may give up. */
  readonly control?: readonly string[];
  /** What else must be there: the inbox of a responder of streams. */
  readonly prepare?: () => Promise<void> | undefined;
}

/** Counts of a lane since the start of the process. */
export interface LaneCounters {
  handled: number;
  retried: number;
  deadLettered: number;
  expired: number;
}

const ABORT_SETTLES_MS = 1_000;

/** A registered handler: its own subscription, concurrency, order, retry and pause button. A slow one blocks no other. */
export class Lane implements HandlerLane {
  /** Told when it closes. */
  closed: (() => void) | undefined;
  readonly counters: LaneCounters = { handled: 0, retried: 0, deadLettered: 0, expired: 0 };
  readonly #running = new Set<DeliveredMessage>();
  #subscription: Subscription | undefined;
  readonly #begin: () => void;
  readonly #begun: Promise<void>;
  #starting: Promise<void> | undefined;
  #failure: Error | undefined;
  #paused = false;
  #closed = false;

  constructor(
    readonly parts: BusParts,
    readonly spec: LaneSpec,
    readonly deliver: (delivery: Delivery) => Promise<void>,
    /** What has to settle beside the deliveries when the lane closes: open streams. */
    readonly settle: () => Promise<void> = () => Promise.resolve(),
  ) {
    let begin = (): void => {};
    this.#begun = new Promise((resolve) => (begin = resolve));
    this.#begin = begin;
    const { concurrency, name } = spec;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 10_000) {
      throw new TrunklineError('MISUSE', `${name}: concurrency is ${concurrency}; give a whole number from 1 to 10000`);
    }
  }

  get name(): string {
    return this.spec.name;
  }

  /** Reads when it resolves. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    this.#begin();
    return this.#starting;
  }

  async ready(): Promise<void> {
    await this.#begun;
    await this.#starting;
  }

  /** It could not begin. */
  failed(error: Error): void {
    this.#failure ??= error;
    this.#starting ??= Promise.reject(error);
    this.#starting.catch(() => {});
    this.#begin();
  }

  pause(): void {
    this.#paused = true;
    this.#subscription?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#subscription?.resume();
  }

  /** Remembers what runs, so that a drain that waits no longer can abort it. */
  entered(message: DeliveredMessage): void {
    this.#running.add(message);
  }

  left(message: DeliveredMessage): void {
    this.#running.delete(message);
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.closed?.();
    await this.#starting?.catch(() => {});
    const abort = this.parts.clock.after(deadlineMs, () => {
      for (const message of this.#running)
        message.abort(new TrunklineError('CLOSED', `${this.name}: the bus is closing`));
    });
    try {
      // What was aborted at the deadline gets a moment to say so to its caller.
      const settled = within(this.parts.clock, deadlineMs + ABORT_SETTLES_MS, this.settle());
      await Promise.all([this.#subscription?.close(deadlineMs), settled]);
    } finally {
      abort.cancel();
    }
  }

  health(): LaneHealth {
    const { name, channel, mode } = this.spec;
    const status = this.#subscription?.status();
    const state = this.#closed ? 'closed' : this.#failure !== undefined ? 'failed' : (status?.state ?? this.#before());
    const reason = this.#failure?.message ?? status?.reason;
    return {
      name,
      channel,
      ...(mode.kind === 'group' && { group: mode.group }),
      state,
      ...(reason !== undefined && { reason }),
      inFlight: status?.inFlight ?? 0,
      assigned: status?.assigned ?? [],
      ...this.counters,
    };
  }

  #before(): 'waiting' | 'starting' {
    return this.#starting === undefined ? 'waiting' : 'starting';
  }

  async #start(): Promise<void> {
    const { channel, mode, order, concurrency, from, channels } = this.spec;
    try {
      await this.spec.prepare?.();
      await this.parts.channels.make(channels);
      const options = { channels: [channel], mode, order, concurrency, from };
      this.#subscription = await this.parts.engine.subscribe(options, this.deliver);
      if (this.#paused) this.#subscription.pause();
    } catch (reason) {
      this.#failure = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
      throw this.#failure;
    }
  }
}

import { type Codec, isPromise } from './codec.js';
import type { DeadLetters, Death } from './dead-letters.js';
import { decodePayload } from './decoding.js';
import type { Delivery } from './engine.js';
import { RedeliverAfter, Reject, RetryLater, TrunklineError } from './error.js';
import { HEADER, headerNumber } from './headers.js';
import { type Exchange, type HandlerKind, type Interceptor, type Next, compose } from './interceptor.js';
import type { Lane } from './lane.js';
import { DeliveredMessage, type Message } from './message.js';
import type { BusParts } from './parts.js';
import { type RetryPolicy, exponential, pauseMs } from './retry.js';

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly kind: HandlerKind;
  readonly channel: string;
  readonly codec: Codec<unknown, never>;
  readonly tombstones: boolean;
  readonly retry: RetryPolicy;
  readonly interceptors: readonly Interceptor[];
  readonly handler: Handler;
  readonly deadLetters: DeadLetters;
}

export type Handler = (payload: never, message: Message) => unknown;

/** A handler inside its interceptors. */
export type Handle = (payload: unknown, message: Message) => unknown;

/** Failures that are remembered between two attempts; beyond that the oldest are forgotten, which costs another attempt. */
const FAILURES_MAX = 10_000;

/** Deliveries of one message at most, however often its handler says `RetryLater`. */
const DELIVERIES_MAX = 1_000;

/** A dead letter that cannot be written is tried again in such pauses, for as long as it takes. */
const DEAD_LETTER_BACKOFF = exponential(200, 30_000);

/** What is known of a message that failed before. */
interface Failure {
  readonly firstFailedMs: number;
  /** Attempts that count: those that did not end in `RetryLater`. */
  readonly attempts: number;
  /** Set when it is for the dead letters and only the writing of that failed: the handler is not run again. */
  readonly death?: Death;
}

/**
 * From a delivery to its outcome: decode, validate, interceptors, handler. Resolving acknowledges; rejecting asks for
 * the message again. It is acknowledged only after the handler resolved or its dead letter was written.
 */
export class Pipeline {
  readonly #parts: BusParts;
  readonly #options: PipelineOptions;
  readonly #handle: Handle;
  readonly #failures = new Map<string, Failure>();

  constructor(parts: BusParts, options: PipelineOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#handle = composed(options, [...parts.interceptors, ...options.interceptors], options.handler);
  }

  async deliver(delivery: Delivery, lane: Lane): Promise<void> {
    if (delivery.attempt === 1) this.#forget(delivery); // Of another assignment of this partition.
    const known = this.#known(delivery);
    if (known?.death !== undefined) return await this.#bury(delivery, known.death, lane);
    if (this.#isExpired(delivery)) {
      lane.counters.expired += 1;
      return this.#forget(delivery);
    }
    let payload: unknown;
    try {
      const decoded = this.#decode(delivery);
      payload = isPromise(decoded) ? await decoded : decoded;
    } catch (reason) {
      return await this.#bury(delivery, this.#death(delivery, reason, 0), lane);
    }
    const message = new DeliveredMessage(delivery);
    lane.entered(message);
    try {
      const running = this.#handle(payload, message);
      if (isPromise(running)) await running;
    } catch (reason) {
      return await this.#failed(delivery, reason, message, lane);
    } finally {
      lane.left(message);
    }
    lane.counters.handled += 1;
    this.#forget(delivery);
  }

  #decode(delivery: Delivery): unknown {
    const { codec, tombstones } = this.#options;
    if (delivery.value === null && tombstones) return null;
    return decodePayload(codec, delivery, this.#parts.limits);
  }

  #isExpired({ headers }: Delivery): boolean {
    const expiresAt = headerNumber(headers, HEADER.expiresAt);
    return expiresAt !== undefined && expiresAt <= this.#parts.clock.nowMs();
  }

  async #failed(delivery: Delivery, reason: unknown, message: DeliveredMessage, lane: Lane): Promise<void> {
    if (message.aborted !== undefined) throw message.aborted; // The lane closes: somebody else gets it, with all attempts.
    const { retry } = this.#options;
    const later = reason instanceof RetryLater ? reason.delayMs : undefined;
    const known = this.#known(delivery);
    const attempts = (known?.attempts ?? 0) + (later === undefined ? 1 : 0);
    const isLast = attempts >= retry.attempts || delivery.attempt >= DELIVERIES_MAX;
    if (reason instanceof Reject || isHopeless(reason) || isLast) {
      return await this.#bury(delivery, this.#death(delivery, reason, delivery.attempt), lane);
    }
    lane.counters.retried += 1;
    this.#remember(delivery, { firstFailedMs: this.#firstFailedMs(delivery), attempts });
    const delayMs = later ?? pauseMs(retry.backoff, attempts, this.#parts.random);
    this.#parts.logger.debug(`${lane.name}: attempt ${delivery.attempt} failed`, { place: placeOf(delivery), delayMs });
    throw new RedeliverAfter(delayMs, { cause: reason });
  }

  async #bury(delivery: Delivery, death: Death, lane: Lane): Promise<void> {
    try {
      await this.#options.deadLetters.write(delivery, death);
    } catch (reason) {
      this.#remember(delivery, { firstFailedMs: death.firstFailedMs, attempts: death.attempts, death });
      const error = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE').message;
      this.#parts.logger.error(`${lane.name}: a dead letter cannot be written`, { place: placeOf(delivery), error });
      throw new RedeliverAfter(pauseMs(DEAD_LETTER_BACKOFF, delivery.attempt, this.#parts.random), { cause: reason });
    }
    lane.counters.deadLettered += 1;
    this.#forget(delivery);
    const said = death.reason instanceof Error ? death.reason.name : typeof death.reason;
    this.#parts.logger.warn(`${lane.name}: dead letter`, { place: placeOf(delivery), error: said });
  }

  #death(delivery: Delivery, reason: unknown, attempts: number): Death {
    return { reason, attempts, firstFailedMs: this.#firstFailedMs(delivery), lastFailedMs: this.#parts.clock.nowMs() };
  }

  #firstFailedMs(delivery: Delivery): number {
    return this.#known(delivery)?.firstFailedMs ?? this.#parts.clock.nowMs();
  }

  #known(delivery: Delivery): Failure | undefined {
    return this.#failures.size === 0 ? undefined : this.#failures.get(placeOf(delivery));
  }

  #remember(delivery: Delivery, failure: Failure): void {
    const place = placeOf(delivery);
    this.#failures.delete(place);
    this.#failures.set(place, failure);
    if (this.#failures.size <= FAILURES_MAX) return;
    const oldest = this.#failures.keys().next().value;
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #forget(delivery: Delivery): void {
    if (this.#failures.size > 0) this.#failures.delete(placeOf(delivery));
  }
}

/** The handler inside its interceptors, as one function. */
export function composed(of: HandlerName, interceptors: readonly Interceptor[], handler: Handler): Handle {
  const run = handler as Handle;
  if (interceptors.length === 0) return run;
  const first = compose<Next>(interceptors, async ({ payload, message, signal }) => {
    const same = !(message instanceof DeliveredMessage) || message.signal === signal;
    return await run(payload, same ? message : message.withSignal(signal));
  });
  return (payload, message) => first(exchangeOf(of, payload, message));
}

interface HandlerName {
  readonly kind: HandlerKind;
  readonly channel: string;
}

/** What interceptors see. The signal is made only when somebody asks for it. */
function exchangeOf({ kind, channel }: HandlerName, payload: unknown, message: Message): Exchange {
  return {
    kind,
    channel,
    payload,
    message,
    get signal() {
      return message.signal;
    },
  };
}

/** Whether the same payload can only fail again. */
function isHopeless(reason: unknown): boolean {
  return reason instanceof TrunklineError && (reason.code === 'INVALID_PAYLOAD' || reason.code === 'DECODE_FAILED');
}

function placeOf({ channel, partition, offset }: Delivery): string {
  return `${channel}/${partition}/${offset}`;
}

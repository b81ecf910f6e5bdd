import type { Clock, Logger, Random } from '@trunkline/kernel';
import type { DeliveryOrder, Engine } from './engine.js';
import type { DedupeStore } from './interceptors/idempotent.js';
import type { Interceptor, SendInterceptor } from './interceptor.js';
import type { LimitOptions } from './limits.js';
import type { Message } from './message.js';
import type { RetryPolicy } from './retry.js';

/** What a bus is made of. The ports are given whole: the bus never looks for a clock or an environment of its own. */
export interface BusOptions {
  /** The service's name: group of its subscribers, name of its inbox, `ce_source`. 1 to 100 of `[a-zA-Z0-9._-]`. */
  readonly service: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  /** Missing: says nothing. */
  readonly logger?: Logger;
  /** Around every handler, the first one outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Around every send, the first one outermost. */
  readonly sendInterceptors?: readonly SendInterceptor[];
  /** Retry of topic handlers that do not say; a queue's own policy goes before it. Default: 5 attempts. */
  readonly retry?: Partial<RetryPolicy>;
  readonly limits?: LimitOptions;
}

/** What every send may say. */
export interface SendOptions {
  /** Messages with one key keep their order. */
  readonly key?: string | Uint8Array;
  /** Names of `[A-Za-z0-9_.-]`; none that begins with `tl-` or `ce_`. */
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
  /** The message that caused this one: its `traceparent`, `tracestate` and `baggage` are passed on. */
  readonly cause?: Message;
}

export type PublishOptions = SendOptions;

export interface EnqueueOptions extends SendOptions {
  /**
   * Travels in the header `tl-dedupe-id`. A worker with the option `idempotent` handles one of several jobs with the same
   * id within its window. Not promised: that the engine holds only one of them.
   */
  readonly dedupeId?: string;
  /** A job that is still waiting then is dropped unrun, and counted. */
  readonly expiresAt?: Date;
}

export interface RequestOptions extends SendOptions {
  /** Missing: the contract's. */
  readonly timeoutMs?: number;
  /** Gives up: the promise rejects with `ABORTED`, and the responder's signal is aborted. */
  readonly signal?: AbortSignal;
}

export interface StreamOptions extends RequestOptions {
  /** Items that may be on their way or wait unread, 1 to 1024. Default: `limits.streamCreditItems`. */
  readonly creditItems?: number;
}

/** Handles one of several messages with the same key, as long as the store remembers it. */
export interface IdempotentOptions {
  /** Missing: the header `tl-dedupe-id`, else `ce_id`. A message without a key is handled. */
  readonly key?: (message: Message, payload: unknown) => string | undefined;
  /** How long a handled key is remembered. */
  readonly ttlMs: number;
  /** Missing: memory of this process, one for each handler. */
  readonly store?: DedupeStore;
}

/** What every handler may say. */
export interface HandlerOptions {
  /** Handlers of this lane that run at once. Default: `limits.concurrency`. */
  readonly concurrency?: number;
  /** Around this handler, inside those of the bus. */
  readonly interceptors?: readonly Interceptor[];
}

interface ConsumingOptions extends HandlerOptions {
  /** Default `key`. */
  readonly order?: DeliveryOrder;
  readonly retry?: Partial<RetryPolicy>;
  readonly idempotent?: IdempotentOptions;
  /** Where a group begins that never read this channel. Default `earliest`: nothing is lost. */
  readonly from?: 'earliest' | 'latest';
}

export interface SubscribeOptions extends ConsumingOptions {
  /** A group beside the service's own: a second handler of one topic in one service needs it. */
  readonly group?: string;
  /** Every process gets each message, from now on; nothing is remembered of what was read. */
  readonly broadcast?: boolean;
}

export type WorkOptions = ConsumingOptions;
export type RespondOptions = HandlerOptions;

/** A handler that was registered. */
export interface HandlerLane {
  /** `subscribe orders.placed`, for log lines and health. */
  readonly name: string;
  /** No new deliveries start; those under way finish. Stays so until `resume`, also when the bus starts later. */
  pause(): void;
  resume(): void;
  /** Stops fetching, waits at most `deadlineMs` for what runs, acknowledges, leaves. */
  close(deadlineMs: number): Promise<void>;
  /** Resolves when it reads: with `start` of the bus, or soon after when it was registered later. Rejects with why not. */
  ready(): Promise<void>;
  health(): LaneHealth;
}

/** What a handler's lane says of itself. */
export interface LaneHealth {
  readonly name: string;
  readonly channel: string;
  /** Missing for broadcast. */
  readonly group?: string;
  /** `waiting`: the bus has not started. */
  readonly state: 'waiting' | 'starting' | 'running' | 'paused' | 'failed' | 'closed';
  /** Why it is not running. */
  readonly reason?: string;
  readonly inFlight: number;
  /** Partitions it reads now, as `channel/partition`. */
  readonly assigned: readonly string[];
  /** Since the start of this process. */
  readonly handled: number;
  readonly retried: number;
  readonly deadLettered: number;
  /** Dropped unrun: its deadline had passed, or its caller had given up. */
  readonly expired: number;
}

/** Whether the bus does what it is for. */
export interface BusHealth {
  /** `up`: started, and every lane and the inbox run or are paused on purpose. Red never looks green. */
  readonly status: 'up' | 'down';
  readonly state: 'new' | 'starting' | 'running' | 'draining' | 'closed' | 'failed';
  readonly lanes: readonly LaneHealth[];
  /** The inbox of this process; missing when nothing was asked for yet. */
  readonly inbox?: { readonly state: LaneHealth['state']; readonly reason?: string; readonly partition: number };
  readonly pendingRequests: number;
  readonly openStreams: number;
  /** Replies whose caller had given up already. */
  readonly lateReplies: number;
}

export type SubscribeHandler<T> = (payload: T, message: Message) => Promise<void> | void;
export type WorkHandler<T> = (payload: T, message: Message) => Promise<void> | void;
export type RespondHandler<Request, Reply> = (payload: Request, message: Message) => Promise<Reply> | Reply;
export type StreamHandler<Request, Item> = (
  payload: Request,
  message: Message,
) => AsyncIterable<Item> | Iterable<Item> | Promise<AsyncIterable<Item>>;

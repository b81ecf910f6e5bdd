import type { Clock } from '@trunkline/kernel';
import { TrunklineError } from './error.js';
import type { Message } from './message.js';

/** Which of the four kinds of handlers. */
export type HandlerKind = 'subscribe' | 'work' | 'respond' | 'respondStream';

/** A decoded and validated message on its way to its handler. */
export interface Exchange {
  readonly kind: HandlerKind;
  /** The contract's name. */
  readonly channel: string;
  readonly payload: unknown;
  readonly message: Message;
  readonly signal: AbortSignal;
}

/** What comes next: another interceptor, at last the handler. A stream's handler resolves with its items. */
export type Next = (exchange: Exchange) => Promise<unknown>;

/** Wraps what comes next. It sees decoded payloads only; what cannot be decoded never comes here. */
export type Interceptor = (next: Next) => Next;

/** The interceptors around `innermost`, the first one outermost. */
export function compose<On>(interceptors: readonly ((next: On) => On)[], innermost: On): On {
  return interceptors.reduceRight<On>((next, wrap) => wrap(next), innermost);
}

/** Which of the four verbs sends. */
export type SendKind = 'publish' | 'enqueue' | 'request' | 'requestStream';

/** A message on its way out, before it is bytes. */
export interface SendExchange {
  readonly kind: SendKind;
  readonly channel: string;
  readonly payload: unknown;
  /** May be added to: `traceparent`, … Names that begin with `tl-` are the bus's own. */
  readonly headers: Map<string, Uint8Array>;
}

/** Sends, and resolves as the verb does (for `request` with the reply). */
export type SendNext = (exchange: SendExchange) => Promise<unknown>;
export type SendInterceptor = (next: SendNext) => SendNext;

/**
 * Gives a handler at most `limitMs`. Its signal is aborted then, and the attempt fails with `TIMED_OUT`.
 *
 * Not promised: that the handler stops. It must look at `message.signal`.
 */
export function timeout(limitMs: number, clock: Clock): Interceptor {
  return (next) => async (exchange) => {
    const limit = new AbortController();
    let expire: (error: TrunklineError) => void = () => {};
    const expired = new Promise<never>((_, reject) => (expire = reject));
    const timer = clock.after(limitMs, () => {
      const error = new TrunklineError('TIMED_OUT', `${exchange.channel}: the handler took over ${limitMs} ms`);
      limit.abort(error);
      expire(error);
    });
    try {
      const signal = AbortSignal.any([exchange.signal, limit.signal]);
      return await Promise.race([next({ ...exchange, signal }), expired]);
    } finally {
      timer.cancel();
    }
  };
}

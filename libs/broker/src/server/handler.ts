import type { ApiError } from '@trunkline/kernel';
import type { AnyApi, RequestOf, ResponseOf } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import type { RequestContext } from './request-context.js';

/** Said by Produce with acks=0: the client waits for no answer, so none is written. */
export const NO_ANSWER = Symbol('no answer');
/** Said by Produce with acks=0 after an error: the only way to tell the client is to close (semantics, item 24). */
export const CLOSE_CONNECTION = Symbol('close the connection');

export type Answer<A extends AnyApi> = ResponseOf<A> | typeof NO_ANSWER | typeof CLOSE_CONNECTION;

/**
 * One API of the broker. One file each, gathered in `handlers/index.ts`: ApiVersions reads that list, so what we say
 * and what we do cannot differ.
 */
export interface ApiHandler<A extends AnyApi> {
  readonly api: A;
  /** The range that ApiVersions shows, when it is not the table's own (Produce shows 0-13 and refuses 0-2). */
  readonly advertised?: readonly [number, number];
  /**
   * Answers a request. May answer at once (hot paths do: an append and the fetches it wakes are one turn of the event
   * loop) or later; the connection writes answers in the order of the requests.
   */
  handle(request: RequestOf<A>, parts: Parts, context: RequestContext): Answer<A> | Promise<Answer<A>>;
  /** The answer when `handle` threw an ApiError: most APIs put the code in one place, some in each partition. */
  failed(request: RequestOf<A>, error: ApiError, context: RequestContext): Answer<A>;
}

/** Lets the compiler infer the types of a handler from its table. */
export function handler<A extends AnyApi>(definition: ApiHandler<A>): ApiHandler<A> {
  return definition;
}

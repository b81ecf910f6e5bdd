import type { ApiError } from '@trunkline/kernel';
import { type AnyApi, type RequestOf, type ResponseOf, advertisedVersions } from '@trunkline/protocol';
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
  /** The range that ApiVersions shows, when it is not the one that Apache Kafka shows. */
  readonly advertised?: readonly [number, number];
  /**
   * Requests of a connection may begin while earlier ones of such APIs are unanswered, so that a client's produces in
   * flight share an fdatasync. `handle` must then do in its own turn all that has to happen in order. Default false:
   * a request begins when the one before it has been answered, as in Kafka.
   */
  readonly overlaps?: boolean;
  /**
   * Asked by nodes of the cluster only: ApiVersions tells it to them alone, and it is answered before clients are
   * served, as a node needs others to come up.
   */
  readonly between?: 'nodes';
  /** Answered before clients are served, as nodes need it of each other; clients may ask it all the same. */
  readonly early?: true;
  /**
   * Answers a request. May answer at once (hot paths do: an append and the fetches it wakes are one turn of the event
   * loop) or later; the connection writes answers in the order of the requests.
   */
  handle(request: RequestOf<A>, parts: Parts, context: RequestContext): Answer<A> | Promise<Answer<A>>;
  /** The answer when `handle` threw an ApiError: most APIs put the code in one place, some in each partition. */
  failed(request: RequestOf<A>, error: ApiError, context: RequestContext): Answer<A>;
}

/** Any handler of the list: what it is asked is known only together with its table. */
export interface AnyHandler {
  readonly api: AnyApi;
  readonly advertised?: readonly [number, number];
  readonly overlaps?: boolean;
  readonly between?: 'nodes';
  readonly early?: true;
  handle(request: unknown, parts: Parts, context: RequestContext): unknown;
  failed(request: unknown, error: ApiError, context: RequestContext): unknown;
}

/** Lets the compiler infer, and check, the types of a handler from its table; whoever takes it from the list knows them not. */
export function handler<A extends AnyApi>(definition: ApiHandler<A>): AnyHandler {
  return definition;
}

/** The versions that ApiVersions shows for a handler. */
export function shownVersions({ advertised, api }: Pick<AnyHandler, 'advertised' | 'api'>): readonly [number, number] {
  return advertised ?? advertisedVersions(api) ?? api.versions;
}

/** The versions that are answered: those shown that have a table. Produce shows 0 to 13 and answers 3 to 13. */
export function servedVersions(of: Pick<AnyHandler, 'advertised' | 'api'>): readonly [number, number] {
  const shown = shownVersions(of);
  return [Math.max(shown[0], of.api.versions[0]), Math.min(shown[1], of.api.versions[1])];
}

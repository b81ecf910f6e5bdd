import { ApiError, InvariantViolated, type Logger, asError, byteLength, printable } from '@trunkline/kernel';
import {
  ApiVersions,
  ERROR_CODES,
  MALFORMED,
  type ReceivedRequest,
  type ResponseOf,
  type AnyApi,
  decodeRequestBody,
  decodeRequestHeader,
  encodeResponse,
  errorCode,
} from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { type AnyHandler, CLOSE_CONNECTION, NO_ANSWER, servedVersions, shownVersions } from './handler.js';
import { type ApiMetrics, type BrokerMetrics, countRequest } from './metrics.js';
import type { RequestContext } from './request-context.js';

/** What shall happen to the connection: an answer's bytes, nothing, or its end. */
export type Outcome =
  | { readonly kind: 'answer'; readonly chunks: readonly Uint8Array[]; readonly bytes: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'close'; readonly why: string };

/** What all requests of a connection have in common. */
export type ConnectionFacts = Pick<RequestContext, 'clientHost' | 'listenerName' | 'connectionId' | 'closed'>;

interface Route {
  readonly handler: AnyHandler;
  readonly first: number;
  readonly last: number;
  readonly metrics: ApiMetrics;
}

export interface RouterOptions {
  readonly handlers: readonly AnyHandler[];
  readonly parts: Parts;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  /** Hears of a broken invariant: the process, or the simulated node, has to end. */
  readonly onDefect: (defect: Error) => void;
  /** Whether there may be other nodes; else what only nodes ask is not served. Default true. */
  readonly hasNodes?: boolean;
}

function answered(chunks: readonly Uint8Array[]): Outcome {
  return { kind: 'answer', chunks, bytes: byteLength(chunks) };
}

const NONE: Outcome = { kind: 'none' };

/**
 * Takes a frame to its handler and the answer back to bytes. The one place in the broker that catches.
 *
 * Unreadable or unknown: the connection ends, never an error body (semantics, item 8), but for ApiVersions of an unknown
 * version, which is told our own range (item 5). An ApiError becomes the API's own form of error. Anything else is our
 * fault: logged with its stack, answered with UNKNOWN_SERVER_ERROR.
 */
export class Router {
  readonly #routes = new Map<number, Route>();
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
    for (const handler of options.handlers) {
      if (handler.between === 'nodes' && options.hasNodes === false) continue;
      const [first, last] = servedVersions(handler);
      this.#routes.set(handler.api.key, { handler, first, last, metrics: options.metrics.api(handler.api.name) });
    }
  }

  /** Whether the request in this frame may begin while earlier ones of its kind are unanswered. */
  overlaps(frame: Uint8Array): boolean {
    if (frame.byteLength < 2) return false;
    return this.#routes.get((frame[0]! << 8) | frame[1]!)?.handler.overlaps === true;
  }

  /** Whether the request in this frame is answered before clients are served: other nodes need it to come up. */
  isEarly(frame: Uint8Array): boolean {
    if (frame.byteLength < 2) return false;
    const handler = this.#routes.get((frame[0]! << 8) | frame[1]!)?.handler;
    return handler?.early === true || handler?.between === 'nodes';
  }

  /** Calls `done` exactly once: in this call when the handler answers at once. Never throws. */
  route(frame: Uint8Array, connection: ConnectionFacts, done: (outcome: Outcome) => void): void {
    let received: ReceivedRequest;
    try {
      received = decodeRequestHeader(frame);
    } catch (error) {
      done(this.#unreadable(error));
      return;
    }
    const { api, apiVersion } = received;
    const route = this.#routes.get(api.key);
    if (route === undefined || apiVersion < route.first || apiVersion > route.last) {
      done(this.#unserved(received, route));
      return;
    }
    let request: unknown;
    try {
      request = decodeRequestBody(api, apiVersion, received.body);
    } catch (error) {
      done(this.#unreadable(error));
      return;
    }
    this.#run({ route, received, request, frameBytes: frame.byteLength, connection }, done);
  }

  #run(call: Call, done: (outcome: Outcome) => void): void {
    const { route, received, request, connection } = call;
    const { parts, metrics } = this.#options;
    const beganMs = parts.clock.monotonicMs();
    route.metrics.requests += 1;
    route.metrics.requestBytes += call.frameBytes;
    metrics.requestsInFlight += 1;
    // Named one by one: a spread costs more than the rest of this method.
    const context: RequestContext = {
      apiVersion: received.apiVersion,
      correlationId: received.correlationId,
      clientId: received.clientId,
      clientHost: connection.clientHost,
      listenerName: connection.listenerName,
      connectionId: connection.connectionId,
      closed: connection.closed,
    };
    const finish = (outcome: Outcome): void => {
      metrics.requestsInFlight -= 1;
      const bytes = outcome.kind === 'answer' ? outcome.bytes : 0;
      countRequest(route.metrics, parts.clock.monotonicMs() - beganMs, bytes);
      done(outcome);
    };
    let answer: unknown;
    try {
      answer = route.handler.handle(request, parts, context);
    } catch (error) {
      finish(this.#failed(call, context, error));
      return;
    }
    if (answer instanceof Promise) {
      answer.then(
        (later: unknown) => finish(this.#encoded(call, context, later)),
        (error: unknown) => finish(this.#failed(call, context, error)),
      );
    } else finish(this.#encoded(call, context, answer));
  }

  #encoded(call: Call, context: RequestContext, answer: unknown): Outcome {
    try {
      return this.#encode(call, answer);
    } catch (error) {
      return this.#failed(call, context, error);
    }
  }

  #encode({ received: { api, apiVersion, correlationId } }: Call, answer: unknown): Outcome {
    if (answer === NO_ANSWER) return NONE;
    if (answer === CLOSE_CONNECTION) return { kind: 'close', why: `${api.name} failed, and is not answered` };
    return answered(encodeResponse(api, apiVersion, correlationId, answer as ResponseOf<AnyApi>));
  }

  #failed(call: Call, context: RequestContext, reason: unknown): Outcome {
    call.route.metrics.failures += 1;
    const { name } = call.received.api;
    try {
      return this.#encode(call, call.route.handler.failed(call.request, this.#asApiError(call, reason), context));
    } catch (error) {
      this.#report(`${name}: the answer to a failure could not be made`, error);
      return { kind: 'close', why: `${name} could not be answered` };
    }
  }

  #asApiError({ received }: Call, reason: unknown): ApiError {
    if (reason instanceof ApiError && reason.code in ERROR_CODES) return reason;
    this.#report(`${received.api.name} v${received.apiVersion} failed`, reason);
    return new ApiError('UNKNOWN_SERVER_ERROR', 'the broker failed; its log says more', { cause: reason });
  }

  #report(what: string, reason: unknown): void {
    const error = asError(reason);
    this.#options.logger.error(`${what}: ${error.stack ?? error.message}`);
    if (error instanceof InvariantViolated) this.#options.onDefect(error);
  }

  #unreadable(reason: unknown): Outcome {
    if (reason instanceof ApiError && (reason.code === MALFORMED || reason.code === 'UNSUPPORTED_VERSION')) {
      return { kind: 'close', why: reason.detail };
    }
    this.#report('a request could not be read', reason);
    return { kind: 'close', why: 'the request could not be read' };
  }

  #unserved({ api, apiVersion, correlationId, clientId }: ReceivedRequest, route: Route | undefined): Outcome {
    if (route !== undefined && api.key === ApiVersions.key) {
      const [minVersion, maxVersion] = shownVersions(route.handler);
      const body = {
        errorCode: errorCode('UNSUPPORTED_VERSION'),
        apiKeys: [{ apiKey: api.key, minVersion, maxVersion }],
      };
      return answered(encodeResponse(ApiVersions, 0, correlationId, body));
    }
    const served = route === undefined ? 'is not served' : `has versions ${route.first} to ${route.last}`;
    const client = printable(clientId ?? '', 64);
    return { kind: 'close', why: `${api.name} v${apiVersion} was asked for by client "${client}"; it ${served}` };
  }
}

interface Call {
  readonly route: Route;
  readonly received: ReceivedRequest;
  readonly request: unknown;
  readonly frameBytes: number;
  readonly connection: ConnectionFacts;
}

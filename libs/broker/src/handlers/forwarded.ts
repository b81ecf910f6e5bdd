import { ApiError, InvariantViolated } from '@trunkline/kernel';
import type { AnyApi } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import type { AnyHandler } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';

/** Whom a request that changes metadata may be handed to. */
export interface Forwarding {
  /** What the active controller answers to a client's request of this version. Rejects with an ApiError. */
  forward(api: AnyApi, request: unknown, context: RequestContext): Promise<unknown>;
}

/** A handler whose requests are answered by the active controller, whichever broker a client asks (KIP-590). */
export interface ForwardedHandler extends AnyHandler {
  /** Answers as the active controller. Throws NOT_CONTROLLER when this node is it no more. */
  readonly decide: AnyHandler['handle'];
}

/**
 * Makes an admin handler answer from any broker: the active controller answers itself, every other node hands the
 * request on. Either way the answer comes when live brokers have applied the change (bounded, see `AppliedEverywhere`), so
 * that the client's next request finds it wherever it is asked.
 */
export function forwarded(inner: AnyHandler): ForwardedHandler {
  const decide = async (request: unknown, parts: Parts, context: RequestContext): Promise<unknown> => {
    const before = parts.metadata.image.endOffset;
    const answer = await inner.handle(request, parts, context);
    if (parts.metadata.image.endOffset !== before) await parts.activeController.appliedEverywhere();
    return answer;
  };
  return {
    ...inner,
    decide,
    handle: async (request, parts, context) => {
      if (parts.config.cluster.isAlone) return inner.handle(request, parts, context);
      if (parts.metadata.role.isActive) {
        try {
          return await decide(request, parts, context);
        } catch (reason) {
          if (!isMoved(reason)) throw reason;
        }
      }
      return parts.forwarding.forward(inner.api, request, context);
    },
    failed: (request, error, context) => inner.failed(request, error, context),
  };
}

/** Whether a handler is answered by the active controller. */
export function isForwarded(handler: AnyHandler): handler is ForwardedHandler {
  return 'decide' in handler;
}

function isMoved(reason: unknown): boolean {
  return reason instanceof ApiError && !(reason instanceof InvariantViolated) && reason.code === 'NOT_CONTROLLER';
}

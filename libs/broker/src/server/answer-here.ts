import { ApiError, concatBytes, invariant } from '@trunkline/kernel';
import { type AnyApi, decodeBody, encodeBody } from '@trunkline/protocol';
import type { Asked, Told } from '../peers/peers.js';
import type { Parts } from '../parts.js';
import { type AnyHandler, servedVersions } from './handler.js';
import type { RequestContext } from './request-context.js';

/** What a question to oneself says of the connection that it has not. */
const HERE: Omit<RequestContext, 'apiVersion' | 'listenerName'> = {
  correlationId: 0,
  clientId: null,
  clientHost: '/127.0.0.1',
  connectionId: -1,
  closed: new AbortController().signal,
};

/**
 * Asks this node itself, without a socket: the handler is called. What it is asked and what it answers go through their
 * tables once, so that they are exactly what another node would see.
 *
 * Rejects with the handler's ApiError only when the answer has no place for it.
 */
export async function answerHere<A extends AnyApi>(
  handlers: readonly AnyHandler[],
  parts: Parts,
  api: A,
  request: Asked<A>,
): Promise<Told<A>> {
  const handler = handlers.find((one) => one.api.key === api.key);
  invariant(handler !== undefined, `${api.name} is answered by this node`);
  const version = servedVersions(handler)[1];
  const context: RequestContext = {
    ...HERE,
    apiVersion: version,
    listenerName: parts.config.cluster.interBrokerListener,
  };
  const asked = decodeBody(api.request, version, concatBytes(encodeBody(api.request, version, request)));
  let answer: unknown;
  try {
    answer = await handler.handle(asked, parts, context);
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    answer = handler.failed(asked, reason, context);
  }
  return decodeBody(api.response, version, concatBytes(encodeBody(api.response, version, answer as never))) as Told<A>;
}

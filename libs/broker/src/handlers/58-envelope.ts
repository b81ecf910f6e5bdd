import { ApiError, concatBytes } from '@trunkline/kernel';
import {
  Envelope,
  MALFORMED,
  type ReceivedRequest,
  decodeRequestBody,
  decodeRequestHeader,
  encodeResponse,
  errorCode,
  FRAME_SIZE_BYTES,
} from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { type AnyHandler, handler, servedVersions } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { type ForwardedHandler, isForwarded } from './forwarded.js';

/**
 * Envelope (58), v0: a broker hands on what a client asked it; answered by the active controller as the client would be
 * (KIP-590).
 *
 * Envelopes of a connection overlap: one change that waits must not hold up those of other clients.
 * Only requests that change metadata are taken, and no envelope inside another: INVALID_REQUEST.
 * Not done: the principal is not looked at, as nobody is authorized yet.
 */
export function envelope(handlers: readonly AnyHandler[]): AnyHandler {
  const inner = new Map(handlers.filter(isForwarded).map((one) => [one.api.key, one]));
  return handler<typeof Envelope>({
    api: Envelope,
    between: 'nodes',
    overlaps: true,
    handle: async ({ requestData, clientHostAddress }, parts, context) => {
      if (!parts.metadata.role.isActive) throw new ApiError('NOT_CONTROLLER', 'another node decides');
      const received = readable(() => decodeRequestHeader(requestData));
      const asked = inner.get(received.api.key);
      if (asked === undefined) throw new ApiError('INVALID_REQUEST', `${received.api.name} is not handed on`);
      const clientHost = `/${addressText(clientHostAddress)}`;
      const answer = await answerOf(asked, received, parts, { ...context, clientHost });
      return { responseData: answer, errorCode: 0 };
    },
    failed: (_request, error) => ({ responseData: null, errorCode: errorCode(error.code) }),
  });
}

/** The answer's frame without its size, header included. */
async function answerOf(
  asked: ForwardedHandler,
  { api, apiVersion, correlationId, clientId, body }: ReceivedRequest,
  parts: Parts,
  envelopeContext: RequestContext,
): Promise<Uint8Array> {
  const [first, last] = servedVersions(asked);
  if (apiVersion < first || apiVersion > last) {
    throw new ApiError('UNSUPPORTED_VERSION', `${api.name} has versions ${first} to ${last}, not ${apiVersion}`);
  }
  const context = { ...envelopeContext, apiVersion, correlationId, clientId };
  const request = readable(() => decodeRequestBody(api, apiVersion, body));
  let answer: unknown;
  try {
    answer = await asked.decide(request, parts, context);
  } catch (reason) {
    if (!(reason instanceof ApiError) || reason.code === 'NOT_CONTROLLER') throw reason;
    answer = asked.failed(request, reason, context);
  }
  return concatBytes(encodeResponse(api, apiVersion, correlationId, answer as never)).subarray(FRAME_SIZE_BYTES);
}

/** What cannot be read was put in by a node, not by the client: the client gets an error, the connection lives on. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (reason) {
    if (!(reason instanceof ApiError) || reason.code !== MALFORMED) throw reason;
    throw new ApiError('INVALID_REQUEST', `the request inside cannot be read: ${reason.detail}`, { cause: reason });
  }
}

/** Of four bytes, or of sixteen. */
function addressText(bytes: Uint8Array): string {
  if (bytes.byteLength === 4) return bytes.join('.');
  if (bytes.byteLength !== 16) return 'unknown';
  const words = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  return words.map((word) => word.toString(16)).join(':');
}

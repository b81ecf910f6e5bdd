import { ApiError, concatBytes } from '@trunkline/kernel';
import {
  type AnyApi,
  DefaultPrincipalData,
  Envelope,
  FRAME_SIZE_BYTES,
  decodeResponse,
  encodeBody,
  encodeRequest,
  errorName,
} from '@trunkline/protocol';
import type { Forwarding } from '../handlers/forwarded.js';
import type { ControllerChannel } from '../peers/controller-channel.js';
import type { RequestContext } from '../server/request-context.js';

/** Longest that a client's request is handed on for; the client itself may wait longer or shorter. */
const FORWARD_MS_MAX = 30_000;
/** A request of a client that says less is given so long all the same: finding the controller takes its time. */
const FORWARD_MS_MIN = 1_000;

/** On whose behalf: everybody, until there is a login. */
const ANONYMOUS = concatBytes([
  Uint8Array.of(0, 0),
  ...encodeBody(DefaultPrincipalData, 0, { type: 'User', name: 'ANONYMOUS', tokenAuthenticated: false }),
]);

/** Hands clients' requests to the active controller inside of Envelopes (KIP-590). */
export class EnvelopeForwarding implements Forwarding {
  constructor(private readonly channel: ControllerChannel) {}

  /** Rejects with the ApiError that the controller answered for the envelope, or REQUEST_TIMED_OUT. */
  async forward(api: AnyApi, request: unknown, context: RequestContext): Promise<unknown> {
    const { apiVersion, correlationId, clientId, clientHost } = context;
    const frame = encodeRequest(api, apiVersion, { correlationId, clientId }, request as never);
    const asked = {
      requestData: concatBytes(frame).subarray(FRAME_SIZE_BYTES),
      requestPrincipal: ANONYMOUS,
      clientHostAddress: addressBytes(clientHost),
    };
    const { errorCode, responseData } = await this.channel.ask(Envelope, asked, limitOf(request));
    if (errorCode !== 0) throw new ApiError(errorName(errorCode), 'so the active controller says');
    if (responseData === null) throw new ApiError('UNKNOWN_SERVER_ERROR', 'the active controller gave no answer');
    return decodeResponse(api, apiVersion, responseData).body;
  }
}

/** What the client itself waits, where its request says so. */
function limitOf(request: unknown): number {
  const timeoutMs: unknown = typeof request === 'object' && request !== null && Reflect.get(request, 'timeoutMs');
  if (typeof timeoutMs !== 'number' || timeoutMs <= 0) return FORWARD_MS_MAX;
  return Math.min(FORWARD_MS_MAX, Math.max(FORWARD_MS_MIN, timeoutMs));
}

/** `/127.0.0.1` as four bytes; anything else is told as nobody's address. */
function addressBytes(clientHost: string): Uint8Array {
  const parts = clientHost.replace(/^\//, '').split('.').map(Number);
  const isFour = parts.length === 4 && parts.every((part) => part >= 0 && part <= 255);
  return isFour ? Uint8Array.from(parts) : new Uint8Array(4);
}

import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bytes, int16, nullable, struct, withDefault } from '../schema.js';

/**
 * Envelope (58): carries a client’s request from broker to controller.
 */

const request = struct({
  requestData: bytes,
  requestPrincipal: nullable(bytes),
  clientHostAddress: bytes,
});

const response = struct({
  responseData: withDefault(nullable(bytes), null),
  errorCode: int16,
});

/** Envelope (58): carries a client’s request from broker to controller. */
export const Envelope = api({ key: 58, name: 'Envelope', versions: [0, 0], flexibleFrom: 0, request, response });
export type EnvelopeRequest = RequestOf<typeof Envelope>;
export type EnvelopeResponse = ResponseOf<typeof Envelope>;

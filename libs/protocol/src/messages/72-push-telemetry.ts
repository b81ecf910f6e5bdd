import { type RequestOf, type ResponseOf, api } from '../api.js';
import { bool, bytes, int16, int32, int8, struct, uuid } from '../schema.js';

/**
 * PushTelemetry (72): metrics of a client, as compressed OTLP (KIP-714).
 */

const request = struct({
  clientInstanceId: uuid,
  subscriptionId: int32,
  terminating: bool,
  compressionType: int8,
  metrics: bytes,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
});

/** PushTelemetry (72): metrics of a client, as compressed OTLP (KIP-714). */
export const PushTelemetry = api({
  key: 72,
  name: 'PushTelemetry',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type PushTelemetryRequest = RequestOf<typeof PushTelemetry>;
export type PushTelemetryResponse = ResponseOf<typeof PushTelemetry>;

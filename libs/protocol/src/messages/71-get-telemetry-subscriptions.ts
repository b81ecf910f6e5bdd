import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int8, string, struct, uuid } from '../schema.js';

/**
 * GetTelemetrySubscriptions (71): which metrics a client should push, and how often (KIP-714).
 */

const request = struct({
  clientInstanceId: uuid,
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  clientInstanceId: uuid,
  subscriptionId: int32,
  acceptedCompressionTypes: array(int8),
  pushIntervalMs: int32,
  telemetryMaxBytes: int32,
  deltaTemporality: bool,
  requestedMetrics: array(string),
});

/** GetTelemetrySubscriptions (71): which metrics a client should push, and how often (KIP-714). */
export const GetTelemetrySubscriptions = api({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type GetTelemetrySubscriptionsRequest = RequestOf<typeof GetTelemetrySubscriptions>;
export type GetTelemetrySubscriptionsResponse = ResponseOf<typeof GetTelemetrySubscriptions>;

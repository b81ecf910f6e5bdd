/** What requests of one API came to, since the start. */
export interface ApiMetrics {
  requests: number;
  /** Requests whose handler threw: an ApiError or a defect. Errors inside of answers are not looked for. */
  failures: number;
  requestBytes: number;
  responseBytes: number;
  /** From the whole frame to the answer handed to the socket, waits included. */
  totalMs: number;
  /** Requests by {@link REQUEST_MS_BOUNDS}; the last one: slower than all bounds. */
  readonly requestsByMs: number[];
}

/** Upper bounds of the request-time histogram, ms. */
export const REQUEST_MS_BOUNDS: readonly number[] = [0.1, 0.5, 1, 5, 10, 50, 100, 500, 1000, 5000];

/** Why the broker closed a connection. */
export type CloseReason = 'refused-frame' | 'refused-request' | 'idle' | 'slow-frame' | 'stalled' | 'limit' | 'defect';

/**
 * Counters of a broker as plain numbers: whoever counts adds one, whoever shows them reads. No labels that a client
 * could choose.
 */
export class BrokerMetrics {
  /** By the API's name; only APIs with a handler. */
  readonly apis = new Map<string, ApiMetrics>();
  readonly requestMsBounds = REQUEST_MS_BOUNDS;
  connectionsOpen = 0;
  connectionsAccepted = 0;
  readonly connectionsClosed = new Map<CloseReason, number>();
  /** Bytes on the wire, both ways. */
  receivedBytes = 0;
  sentBytes = 0;
  /** Requests in work or parked. */
  requestsInFlight = 0;
  /** BrokerTopicMetrics: bytes and records that produce brought and fetch took, all topics together. */
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  failedProduceRequests = 0;
  failedFetchRequests = 0;

  api(name: string): ApiMetrics {
    let found = this.apis.get(name);
    if (found === undefined) {
      const requestsByMs = Array.from({ length: REQUEST_MS_BOUNDS.length + 1 }, () => 0);
      found = { requests: 0, failures: 0, requestBytes: 0, responseBytes: 0, totalMs: 0, requestsByMs };
      this.apis.set(name, found);
    }
    return found;
  }

  closed(reason: CloseReason): void {
    this.connectionsClosed.set(reason, (this.connectionsClosed.get(reason) ?? 0) + 1);
  }
}

/** Counts one answered request. */
export function countRequest(metrics: ApiMetrics, ms: number, responseBytes: number): void {
  metrics.totalMs += ms;
  metrics.responseBytes += responseBytes;
  let bucket = 0;
  while (bucket < REQUEST_MS_BOUNDS.length && ms > REQUEST_MS_BOUNDS[bucket]!) bucket += 1;
  metrics.requestsByMs[bucket]! += 1;
}

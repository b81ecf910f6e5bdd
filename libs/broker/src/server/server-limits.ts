/** What strangers may take of this process. Kafka's names where they exist. */
export interface ServerLimits {
  /** socket.request.max.bytes */
  readonly requestBytesMax: number;
  /** queued.max.request.bytes: all connections together; Infinity: no limit */
  readonly queuedRequestBytesMax: number;
  /**
   * trunkline.queued.max.response.bytes: answers that peers have not taken, of all connections together; beyond it a
   * fetch gets one batch at most. Infinity: no limit
   */
  readonly queuedResponseBytesMax: number;
  /** max.connections */
  readonly connectionsMax: number;
  /** max.connections.per.ip */
  readonly connectionsPerHostMax: number;
  /** max.connections.per.ip.overrides: other limits for single hosts */
  readonly connectionsPerHostOverrides: ReadonlyMap<string, number>;
  /** max.connection.creation.rate: connections a second */
  readonly connectionsPerSecondMax: number;
  /** connections.max.idle.ms; Infinity: never */
  readonly idleMsMax: number;
  /** Requests of one connection that may be in work together, where their API allows it. */
  readonly overlappingRequestsMax: number;
  /** Bytes that are read behind a request that cannot begin yet. */
  readonly readAheadBytesMax: number;
  /** Answers that a peer has not taken: above this its next request waits. */
  readonly outboundBytesMax: number;
  /** A peer that takes no byte of its answers for so long is let go. */
  readonly outboundStallMsMax: number;
  /** A frame may take so long whatever its size ... */
  readonly frameGraceMs: number;
  /** ... and must come at least this quickly from then on. */
  readonly frameBytesPerSecondMin: number;
  /** How long a closing server lets requests finish. */
  readonly drainMsMax: number;
}

/** Kafka's defaults where it has some; real ones where Kafka has none. */
export const SERVER_LIMITS: ServerLimits = Object.freeze({
  requestBytesMax: 104_857_600,
  queuedRequestBytesMax: 268_435_456,
  queuedResponseBytesMax: 268_435_456,
  connectionsMax: 10_000,
  connectionsPerHostMax: 2_147_483_647,
  connectionsPerHostOverrides: new Map(),
  connectionsPerSecondMax: 2_147_483_647,
  idleMsMax: 600_000,
  overlappingRequestsMax: 128,
  readAheadBytesMax: 65_536,
  outboundBytesMax: 1_048_576,
  outboundStallMsMax: 60_000,
  frameGraceMs: 30_000,
  frameBytesPerSecondMin: 16_384,
  drainMsMax: 2_000,
});

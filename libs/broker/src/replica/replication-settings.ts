import { BROKER_CONFIG_DEFINITIONS } from '@trunkline/metadata';

/** How partitions are replicated. Kafka's names in the comments; units in the names. */
export interface ReplicationSettings {
  /** replica.lag.time.max.ms: a follower that has not been caught up for so long is out of sync. */
  readonly lagMaxMs: number;
  /** num.replica.fetchers: fetches a follower keeps open to each leader. */
  readonly fetchersPerLeader: number;
  /** replica.fetch.wait.max.ms: how long a leader parks a fetch. */
  readonly fetchWaitMs: number;
  /** replica.fetch.min.bytes */
  readonly fetchMinBytes: number;
  /** replica.fetch.max.bytes: of one partition in one answer. */
  readonly fetchBytesMax: number;
  /** replica.fetch.response.max.bytes: of all partitions in one answer, but for one batch that is larger. */
  readonly responseBytesMax: number;
  /** replica.fetch.backoff.ms: the longest rest of a partition, or of a leader, that fails again and again. */
  readonly backoffMsMax: number;
  /** replica.socket.timeout.ms: beyond the wait, until a silent leader is asked again. */
  readonly answerMsMax: number;
  /** replica.high.watermark.checkpoint.interval.ms */
  readonly checkpointMs: number;
}

const DEFAULTS = {
  'replica.lag.time.max.ms': 30_000,
  'num.replica.fetchers': 1,
  'replica.fetch.wait.max.ms': 500,
  'replica.fetch.min.bytes': 1,
  'replica.fetch.max.bytes': 1_048_576,
  'replica.fetch.response.max.bytes': 10_485_760,
  'replica.fetch.backoff.ms': 1000,
  'replica.socket.timeout.ms': 30_000,
  'replica.high.watermark.checkpoint.interval.ms': 5000,
} as const;

/** The settings as the operator has them, and Kafka's defaults where there is no such setting here. */
export function replicationSettings(config: { integer(name: string): number }): ReplicationSettings {
  const read = (name: keyof typeof DEFAULTS): number =>
    BROKER_CONFIG_DEFINITIONS.has(name) ? config.integer(name) : DEFAULTS[name];
  return {
    lagMaxMs: read('replica.lag.time.max.ms'),
    fetchersPerLeader: read('num.replica.fetchers'),
    fetchWaitMs: read('replica.fetch.wait.max.ms'),
    fetchMinBytes: read('replica.fetch.min.bytes'),
    fetchBytesMax: read('replica.fetch.max.bytes'),
    responseBytesMax: read('replica.fetch.response.max.bytes'),
    backoffMsMax: read('replica.fetch.backoff.ms'),
    answerMsMax: read('replica.socket.timeout.ms'),
    checkpointMs: read('replica.high.watermark.checkpoint.interval.ms'),
  };
}

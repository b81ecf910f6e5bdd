import { TrunklineError } from '@trunkline/bus';
import type { SaslOptions } from '@trunkline/client';
import type { Logger } from '@trunkline/kernel';
import type { TlsOptions } from '@trunkline/platform';

export type { OauthToken, SaslOptions } from '@trunkline/client';
export type { TlsOptions } from '@trunkline/platform';

/** What `kafka()` takes. Times are milliseconds; Kafka's own name stands in brackets where there is one. */
export interface KafkaOptions {
  /** `host:port`, or `unix:/path`, of some brokers; the others are found through them [bootstrap.servers]. */
  readonly brokers: readonly string[];
  /** Shown in the broker's logs [client.id]. Default `trunkline`. */
  readonly clientId?: string;
  /** true: brokers prove who they are to the authorities that Node knows [security.protocol]. Default: not secured. */
  readonly tls?: TlsOptions | true;
  /** Who we say we are [sasl.mechanism]. Default: nobody. */
  readonly sasl?: SaslOptions;
  /** Missing: says nothing. */
  readonly logger?: Logger;
  /** Largest value of a message, bytes [max.message.bytes of the topics made here]. Default 1 MiB. */
  readonly messageBytesMax?: number;
  /** Partitions of a channel that is made here and does not say. Default: the broker's [num.partitions]. */
  readonly partitions?: number;
  /** Replicas of a channel that is made here. Default: the broker's [default.replication.factor]. */
  readonly replicationFactor?: number;
  /** How long to wait for a connection. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long to wait for the answer to a request [request.timeout.ms]. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long a message is tried before `publish` rejects [delivery.timeout.ms]. Default 30,000. */
  readonly deliveryTimeoutMs?: number;
  /** Bytes that wait for the broker; more is refused with `OVERLOADED` [buffer.memory]. Default 256 MiB. */
  readonly bufferBytesMax?: number;
  /** A member not heard of for so long has died; its partitions go to others [session.timeout.ms]. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How soon a member hears of a rebalance [heartbeat.interval.ms]. Default 1,000. */
  readonly heartbeatMs?: number;
  /** How long others wait for a member in a rebalance [max.poll.interval.ms]. Default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  /** How long a partition that is taken away waits for its running handlers. Default 30,000. */
  readonly revokeDeadlineMs?: number;
  /** Positions are committed at most this often [auto.commit.interval.ms]. Default 250. */
  readonly commitMs?: number;
  /** How often a group looks whether its topics have more partitions [metadata.max.age.ms]. Default 30,000. */
  readonly metadataMaxAgeMs?: number;
  /** How long an idle fetch is parked at the broker [fetch.max.wait.ms]. Default 500. */
  readonly fetchWaitMs?: number;
}

/** The options with their defaults, checked and frozen. */
export type KafkaSettings = Readonly<
  Required<Omit<KafkaOptions, 'brokers' | 'tls' | 'sasl' | 'logger' | 'partitions' | 'replicationFactor'>> & {
    readonly bootstrap: readonly string[];
    readonly tls: TlsOptions | undefined;
    readonly sasl: SaslOptions | undefined;
    /** -1: the broker's default. */
    readonly partitions: number;
    readonly replicationFactor: number;
  }
>;

export const KAFKA_DEFAULTS = Object.freeze({
  clientId: 'trunkline',
  messageBytesMax: 1_048_576,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  deliveryTimeoutMs: 30_000,
  bufferBytesMax: 268_435_456,
  sessionTimeoutMs: 10_000,
  heartbeatMs: 1_000,
  rebalanceTimeoutMs: 60_000,
  revokeDeadlineMs: 30_000,
  commitMs: 250,
  metadataMaxAgeMs: 30_000,
  fetchWaitMs: 500,
  partitions: -1,
  replicationFactor: -1,
});

/** What each number may be, both ends included. */
const RANGES = {
  messageBytesMax: [1, 1_073_741_824],
  connectTimeoutMs: [1, 600_000],
  requestTimeoutMs: [1_000, 600_000],
  deliveryTimeoutMs: [1, 600_000],
  bufferBytesMax: [65_536, 17_179_869_184],
  sessionTimeoutMs: [1_000, 1_800_000],
  heartbeatMs: [100, 600_000],
  rebalanceTimeoutMs: [1_000, 1_800_000],
  revokeDeadlineMs: [0, 1_800_000],
  commitMs: [1, 60_000],
  metadataMaxAgeMs: [100, 3_600_000],
  fetchWaitMs: [1, 30_000],
  partitions: [1, 10_000],
  replicationFactor: [1, 1_000],
} as const satisfies Record<string, readonly [number, number]>;

/** Lays the options over the defaults. Throws `MISUSE` that names the option, the value and what is allowed. */
export function kafkaSettings(options: KafkaOptions): KafkaSettings {
  const { brokers, tls, sasl, logger: _logger, ...given } = options;
  const settings = {
    ...KAFKA_DEFAULTS,
    ...withoutUndefined(given),
    tls: tls === true ? {} : tls,
    sasl,
    bootstrap: brokers.map(addressOf),
  };
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value: unknown = Reflect.get(given, name);
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      throw new TrunklineError(
        'MISUSE',
        `kafka: ${name} is ${JSON.stringify(value)}; give a whole number from ${least} to ${most}`,
      );
    }
  }
  if (brokers.length === 0)
    throw new TrunklineError('MISUSE', 'kafka: brokers is empty; give at least one "host:port"');
  if (settings.heartbeatMs * 3 > settings.sessionTimeoutMs) {
    const { heartbeatMs, sessionTimeoutMs } = settings;
    throw new TrunklineError(
      'MISUSE',
      `kafka: heartbeatMs is ${heartbeatMs}; give at most a third of sessionTimeoutMs, which is ${sessionTimeoutMs}`,
    );
  }
  return Object.freeze(settings);
}

function withoutUndefined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/;
const PORT = 9_092;

/** With Kafka's port where none is given. */
function addressOf(broker: string): string {
  if (broker.startsWith('unix:/')) return broker;
  const match = ADDRESS.exec(broker);
  const port = Number(match?.[3] ?? PORT);
  if (match === null || port < 1 || port > 65_535) {
    throw new TrunklineError('MISUSE', `kafka: "${broker}" is no broker; give "host:port" or "[ipv6]:port"`);
  }
  return match[1] === undefined ? `${match[2]}:${port}` : `[${match[1]}]:${port}`;
}

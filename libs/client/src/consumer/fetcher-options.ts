import { KafkaError } from '../error.js';

export type IsolationLevel = 'read_uncommitted' | 'read_committed';

/** What happens to a position that is not in the log any more, or that the log was cut below. */
export type ResetPolicy = 'earliest' | 'latest' | 'none';

/** How partitions are read. Kafka's names in brackets. */
export interface FetcherOptions {
  /** [fetch.max.wait.ms] How long a broker may park a fetch, milliseconds. Default 500. */
  readonly maxWaitMs?: number;
  /** [fetch.min.bytes] A fetch is answered once there are so many bytes. Default 1. */
  readonly minBytes?: number;
  /** [fetch.max.bytes] Bytes of one answer; its first batch comes whatever its size. Default 52,428,800. */
  readonly maxBytes?: number;
  /** [max.partition.fetch.bytes] Bytes of one partition in an answer. Default 1,048,576. */
  readonly partitionMaxBytes?: number;
  /** Bytes that wait for their reader, a partition: from there on it is not fetched, until half is drained. Default 2,097,152. */
  readonly partitionPrefetchBytesMax?: number;
  /**
   * Bytes that wait for their readers, in all. From half of it on each partition has an equal share of the other half, so
   * that one never starves another; with the answers under way it may be passed by `maxBytes`. Default 67,108,864.
   */
  readonly prefetchBytesMax?: number;
  /** [isolation.level] Default `read_uncommitted`. */
  readonly isolationLevel?: IsolationLevel;
  /** [auto.offset.reset] `none`: the partition fails, with an error that tells where one may go on. Default `latest`. */
  readonly reset?: ResetPolicy;
  /** [client.rack] Where this reader stands: brokers may then name a nearer replica (KIP-392). Default none. */
  readonly clientRack?: string;
  /** [check.crcs] Whether each batch's checksum is checked when it comes. Default true. */
  readonly checkCrcs?: boolean;
  /** What one compressed batch may grow to, bytes. Default 67,108,864. */
  readonly decompressedBytesMax?: number;
  /** [request.timeout.ms] How much later than `maxWaitMs` an answer may come, milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** [retry.backoff.ms] The first pause after an error, milliseconds; each further one doubles. Default 50. */
  readonly retryBackoffMs?: number;
  /** [retry.backoff.max.ms] The longest pause, milliseconds. Default 1,000. */
  readonly retryBackoffMaxMs?: number;
  /** [metadata.max.age.ms] How long a nearer replica is kept before the leader is asked again, milliseconds. Default 300,000. */
  readonly preferredReplicaMaxAgeMs?: number;
}

export type FetcherSettings = Required<FetcherOptions>;

export const FETCHER_DEFAULTS: FetcherSettings = Object.freeze({
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 50 * 1024 * 1024,
  partitionMaxBytes: 1024 * 1024,
  partitionPrefetchBytesMax: 2 * 1024 * 1024,
  prefetchBytesMax: 64 * 1024 * 1024,
  isolationLevel: 'read_uncommitted',
  reset: 'latest',
  clientRack: '',
  checkCrcs: true,
  decompressedBytesMax: 64 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  retryBackoffMs: 50,
  retryBackoffMaxMs: 1_000,
  preferredReplicaMaxAgeMs: 300_000,
});

/** Lowest and highest of each number. */
const BOUNDS: Readonly<Record<NumberOption, readonly [lowest: number, highest: number]>> = {
  maxWaitMs: [0, 600_000],
  minBytes: [0, 2 ** 31 - 1],
  maxBytes: [1, 2 ** 31 - 1],
  partitionMaxBytes: [1, 2 ** 31 - 1],
  partitionPrefetchBytesMax: [1, 2 ** 31 - 1],
  prefetchBytesMax: [1, 2 ** 40],
  decompressedBytesMax: [1, 2 ** 31 - 1],
  requestTimeoutMs: [100, 600_000],
  retryBackoffMs: [1, 60_000],
  retryBackoffMaxMs: [1, 600_000],
  preferredReplicaMaxAgeMs: [1_000, 86_400_000],
};
type NumberOption = {
  [Name in keyof FetcherSettings]: FetcherSettings[Name] extends number ? Name : never;
}[keyof FetcherSettings];

const CHOICES = {
  isolationLevel: ['read_uncommitted', 'read_committed'],
  reset: ['earliest', 'latest', 'none'],
} as const satisfies { [Name in keyof FetcherSettings]?: readonly FetcherSettings[Name][] };

/** The options over the defaults. Throws KafkaError MISUSE that names the option, its value and what is allowed. */
export function fetcherSettings(options: FetcherOptions = {}): FetcherSettings {
  const settings: FetcherSettings = { ...FETCHER_DEFAULTS, ...withoutUndefined(options) };
  for (const [name, [lowest, highest]] of Object.entries(BOUNDS)) {
    const value = settings[name as NumberOption];
    if (Number.isInteger(value) && value >= lowest && value <= highest) continue;
    throw misuse(name, value, `a whole number from ${lowest} to ${highest}`);
  }
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value: string = settings[name as keyof typeof CHOICES];
    if (!(allowed as readonly string[]).includes(value)) throw misuse(name, value, allowed.join(' or '));
  }
  return Object.freeze(settings);
}

function withoutUndefined(options: FetcherOptions): FetcherOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function misuse(option: string, value: unknown, allowed: string): KafkaError {
  return new KafkaError('MISUSE', `${option} is ${String(value)}`, { about: 'fetcher', advice: `give ${allowed}` });
}

import { KafkaError } from '../error.js';
import type { AcknowledgeResult } from './share-record.js';

/** `implicit`: what a poll gave is accepted by the next. `explicit`: every record is acknowledged one by one. */
export type AcknowledgementMode = 'implicit' | 'explicit';
/** `batch_optimized`: whole batches, maybe more than asked for. `record_limit`: never more than asked for (KIP-1206). */
export type AcquireMode = 'batch_optimized' | 'record_limit';

/** How a share consumer behaves. Kafka's names in brackets. Isolation and where a new group begins are the group's own. */
export interface ShareConsumerOptions {
  /** [group.id] 1 to 255 characters. No default. */
  readonly groupId: string;
  /** Letters and digits, at most 36, of this member alone. Default: a new UUID. */
  readonly memberId?: string | undefined;
  /** [client.rack] Default: none. */
  readonly rackId?: string | undefined;
  /** [share.acknowledgement.mode] Default `implicit`. */
  readonly acknowledgementMode?: AcknowledgementMode | undefined;
  /** [share.acquire.mode] `record_limit` needs a broker with ShareFetch 2 (Apache Kafka 4.2). Default `batch_optimized`. */
  readonly acquireMode?: AcquireMode | undefined;
  /** [max.poll.records] Records that one poll gives. 1 to 1,000,000. Default 500. */
  readonly maxPollRecords?: number | undefined;
  /** [fetch.min.bytes] Bytes that a broker waits for before it answers. Default 1. */
  readonly fetchMinBytes?: number | undefined;
  /** [fetch.max.bytes] Bytes that one answer holds; one larger batch comes all the same. Default 52,428,800. */
  readonly fetchMaxBytes?: number | undefined;
  /** [fetch.max.wait.ms] Milliseconds that a broker waits for `fetchMinBytes`. Default 500. */
  readonly fetchMaxWaitMs?: number | undefined;
  /** [check.crcs] Whether the checksum of each batch is looked at. Default true. */
  readonly checkCrcs?: boolean | undefined;
  /** Bytes that one compressed batch may grow to. Default 67,108,864. */
  readonly decompressedBatchBytesMax?: number | undefined;
  /** Records that may be given out and not yet acknowledged; above it no more are fetched. Default 5,000. */
  readonly inFlightRecordsMax?: number | undefined;
  /** [request.timeout.ms] Milliseconds for an answer, beside what the broker may wait. Default 30,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** [retry.backoff.ms] Milliseconds before the second try; doubled for each after it. Default 100. */
  readonly retryBackoffMs?: number | undefined;
  /** [retry.backoff.max.ms] Default 1,000. */
  readonly retryBackoffMaxMs?: number | undefined;
  /** [default.api.timeout.ms] Milliseconds that `commit` waits. Default 60,000. */
  readonly commitTimeoutMs?: number | undefined;
  /** Milliseconds that `close` takes at most. Default 10,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Told what became of acknowledgements, a partition at a time. What it throws is logged. */
  readonly onAcknowledged?: ((results: readonly AcknowledgeResult[]) => void) | undefined;
}

/** Every option with its value. */
export type ShareConsumerSettings = {
  readonly [Name in keyof ShareConsumerOptions]-?: Name extends 'memberId' | 'rackId' | 'onAcknowledged'
    ? ShareConsumerOptions[Name]
    : Exclude<ShareConsumerOptions[Name], undefined>;
};

export const SHARE_CONSUMER_DEFAULTS: Omit<ShareConsumerSettings, 'groupId'> = Object.freeze({
  memberId: undefined,
  rackId: undefined,
  acknowledgementMode: 'implicit',
  acquireMode: 'batch_optimized',
  maxPollRecords: 500,
  fetchMinBytes: 1,
  fetchMaxBytes: 52_428_800,
  fetchMaxWaitMs: 500,
  checkCrcs: true,
  decompressedBatchBytesMax: 67_108_864,
  inFlightRecordsMax: 5_000,
  requestTimeoutMs: 30_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  commitTimeoutMs: 60_000,
  closeTimeoutMs: 10_000,
  onAcknowledged: undefined,
});

const INT32_MAX = 2_147_483_647;
const BOUNDS = {
  maxPollRecords: [1, 1_000_000],
  fetchMinBytes: [0, INT32_MAX],
  fetchMaxBytes: [1, INT32_MAX],
  fetchMaxWaitMs: [0, 300_000],
  decompressedBatchBytesMax: [1, INT32_MAX],
  inFlightRecordsMax: [1, 10_000_000],
  requestTimeoutMs: [1, 3_600_000],
  retryBackoffMs: [1, 60_000],
  retryBackoffMaxMs: [1, 300_000],
  commitTimeoutMs: [1, 3_600_000],
  closeTimeoutMs: [1, 3_600_000],
} as const satisfies Partial<Record<keyof ShareConsumerOptions, readonly [number, number]>>;

/** The options with their defaults, frozen. Throws KafkaError MISUSE, which names the option, its value and what is allowed. */
export function shareConsumerSettings(options: ShareConsumerOptions): ShareConsumerSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...SHARE_CONSUMER_DEFAULTS, ...given, groupId: options.groupId } as ShareConsumerSettings;
  checkNames(settings);
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const value: unknown = settings[name as keyof typeof BOUNDS];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      throw misuse(name, value, `a whole number from ${least} to ${most}`);
    }
  }
  return Object.freeze(settings);
}

function checkNames({ groupId, memberId, acknowledgementMode, acquireMode }: ShareConsumerSettings): void {
  if (typeof groupId !== 'string' || groupId.length < 1 || groupId.length > 255) {
    throw misuse('groupId', groupId, 'a text of 1 to 255 characters');
  }
  if (memberId !== undefined && (memberId.length < 1 || memberId.length > 36)) {
    throw misuse('memberId', memberId, 'a text of 1 to 36 characters');
  }
  if (acknowledgementMode !== 'implicit' && acknowledgementMode !== 'explicit') {
    throw misuse('acknowledgementMode', acknowledgementMode, "'implicit' or 'explicit'");
  }
  if (acquireMode !== 'batch_optimized' && acquireMode !== 'record_limit') {
    throw misuse('acquireMode', acquireMode, "'batch_optimized' or 'record_limit'");
  }
}

function misuse(name: string, value: unknown, allowed: string): KafkaError {
  return new KafkaError('MISUSE', `${name} is ${JSON.stringify(value) ?? String(value)}`, {
    about: 'share consumer options',
    advice: `give ${allowed}`,
  });
}

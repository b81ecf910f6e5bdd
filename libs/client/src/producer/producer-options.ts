import { COMPRESSION_TYPES, type CompressionType } from '@trunkline/kernel';
import { KafkaError } from '../error.js';

/** How a producer sends. Kafka's names in brackets. */
export interface ProducerOptions {
  /** -1 (all in-sync replicas), 1 (the leader) or 0 (nobody answers; nothing is known of the end) [acks] Default -1. */
  readonly acks?: -1 | 0 | 1;
  /** Each record once and in order, whatever is repeated; needs acks -1 [enable.idempotence] Default: true with acks -1. */
  readonly idempotent?: boolean;
  /** Given: the producer can do transactions under this name; the name fences an older producer [transactional.id] */
  readonly transactionalId?: string;
  /** How long a transaction may stay open before the broker aborts it [transaction.timeout.ms] Default 60,000. */
  readonly transactionTimeoutMs?: number;
  /** [compression.type] Default none. */
  readonly compression?: CompressionType;
  /** Waits this long for a batch to fill, beyond the turn of the event loop [linger.ms] Default 0. */
  readonly lingerMs?: number;
  /** A batch of several records, before compression [batch.size] Default 900,000: below a broker's max.message.bytes. */
  readonly batchBytesMax?: number;
  /** All batches of a request, and so the largest record [max.request.size] Default 8 MiB. */
  readonly requestBytesMax?: number;
  /** Requests without an answer, a broker; at most 5 when idempotent [max.in.flight.requests.per.connection] Default 5. */
  readonly inFlightMax?: number;
  /** From the call to its end, whatever is tried meanwhile [delivery.timeout.ms] Default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /** For one answer [request.timeout.ms] Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** The first pause before a repetition; it doubles [retry.backoff.ms] Default 20. */
  readonly retryBackoffMs?: number;
  /** The longest pause before a repetition [retry.backoff.max.ms] Default 1,000. */
  readonly retryBackoffMaxMs?: number;
  /** Records that are not settled [buffer.memory] Default 32 MiB. */
  readonly bufferBytesMax?: number;
  /** How long a record may wait for room in the buffer; 0: it is refused at once, OVERLOADED [max.block.ms] Default 60,000. */
  readonly maxBlockMs?: number;
  /** How many records may wait for room in the buffer; more are refused at once [none] Default 10,000. */
  readonly blockedRecordsMax?: number;
  /** How long a topic that no broker knows may still appear [part of max.block.ms] Default 60,000. */
  readonly unknownTopicTimeoutMs?: number;
  /** Whether a topic that no broker knows is asked for so that brokers may create it [allow.auto.create.topics] Default false. */
  readonly allowAutoCreation?: boolean;
  /** Producers of one lane share a connection a broker, on which an answer waits for those before it. Default: produce. */
  readonly lane?: string;
}

export type ProducerSettings = Required<Omit<ProducerOptions, 'transactionalId'>> & {
  readonly transactionalId: string | undefined;
};

const MIB = 1024 * 1024;

export const PRODUCER_DEFAULTS = {
  acks: -1,
  transactionTimeoutMs: 60_000,
  compression: 'none',
  lingerMs: 0,
  batchBytesMax: 900_000,
  requestBytesMax: 8 * MIB,
  inFlightMax: 5,
  deliveryTimeoutMs: 120_000,
  requestTimeoutMs: 30_000,
  retryBackoffMs: 20,
  retryBackoffMaxMs: 1_000,
  bufferBytesMax: 32 * MIB,
  maxBlockMs: 60_000,
  blockedRecordsMax: 10_000,
  unknownTopicTimeoutMs: 60_000,
  allowAutoCreation: false,
  lane: 'produce',
} as const satisfies ProducerOptions;

/** The broker remembers this many batches of a partition and tells their repetition (KIP-98). */
export const IDEMPOTENT_IN_FLIGHT_MAX = 5;

const RANGES: readonly (readonly [name: keyof ProducerOptions, least: number, most: number])[] = [
  ['transactionTimeoutMs', 1, 2 ** 31 - 1],
  ['lingerMs', 0, 60_000],
  ['batchBytesMax', 0, 256 * MIB],
  ['requestBytesMax', 1_000, 256 * MIB],
  ['inFlightMax', 1, 1_000],
  ['deliveryTimeoutMs', 1, 2 ** 31 - 1],
  ['requestTimeoutMs', 1, 2 ** 31 - 1],
  ['retryBackoffMs', 1, 60_000],
  ['retryBackoffMaxMs', 1, 600_000],
  ['bufferBytesMax', 1_000, 2 ** 40],
  ['maxBlockMs', 0, 2 ** 31 - 1],
  ['blockedRecordsMax', 0, 10_000_000],
  ['unknownTopicTimeoutMs', 0, 2 ** 31 - 1],
];

/** Options over defaults, checked. Throws KafkaError MISUSE that names the option, its value, and what is allowed. */
export function producerSettings(options: ProducerOptions = {}): ProducerSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const acks = options.acks ?? PRODUCER_DEFAULTS.acks;
  const idempotent = options.idempotent ?? acks === -1;
  const merged = { ...PRODUCER_DEFAULTS, transactionalId: undefined, idempotent, ...given } as ProducerSettings;
  for (const [name, least, most] of RANGES) {
    const value = merged[name];
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    if (!fits) refuse(name, value, `a whole number from ${least} to ${most}`);
  }
  if (acks !== -1 && acks !== 0 && acks !== 1) refuse('acks', acks, '-1, 0 or 1');
  if (!Object.hasOwn(COMPRESSION_TYPES, merged.compression)) {
    refuse('compression', merged.compression, Object.keys(COMPRESSION_TYPES).join(', '));
  }
  checkIdempotence(merged);
  return Object.freeze(merged);
}

function checkIdempotence(settings: ProducerSettings): void {
  const { acks, idempotent, inFlightMax, transactionalId } = settings;
  if (idempotent && acks !== -1)
    refuse('acks', acks, '-1 when idempotent is true; set idempotent to false, or acks to -1');
  if (idempotent && inFlightMax > IDEMPOTENT_IN_FLIGHT_MAX) {
    refuse('inFlightMax', inFlightMax, `at most ${IDEMPOTENT_IN_FLIGHT_MAX} when idempotent is true`);
  }
  if (transactionalId === undefined) return;
  if (transactionalId === '') refuse('transactionalId', "''", 'a text that is not empty');
  if (!idempotent) refuse('idempotent', false, 'true for a producer with a transactionalId');
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new KafkaError('MISUSE', `${name} is ${String(value)}`, {
    about: 'producer options',
    advice: `allowed is ${allowed}`,
  });
}

import { KafkaError } from '../error.js';

/** What one admin takes for all of its calls. */
export interface AdminOptions {
  /** How long a call may take in all, tries and waits included; milliseconds [default.api.timeout.ms]; 60,000. */
  readonly timeoutMs?: number;
  /** How long one answer may take, connecting included; milliseconds [request.timeout.ms]; 30,000. */
  readonly requestTimeoutMs?: number;
  /** The first wait before an item is asked for again, doubled with each try; milliseconds [retry.backoff.ms]; 100. */
  readonly retryBackoffMs?: number;
  /** No wait is longer; milliseconds [retry.backoff.max.ms]; 1,000. */
  readonly retryBackoffMaxMs?: number;
  /**
   * How long a topic that its broker does not know is asked for again, where a call needs its leader: what one broker
   * made is known to the others a little later; milliseconds [none]; 1,000. 0: not at all.
   */
  readonly unknownTopicWaitMs?: number;
  /** More items go in several requests; items [none]; 2,000, what brokers take [max.request.partition.size.limit]. */
  readonly requestItemsMax?: number;
}

export type AdminSettings = Readonly<Required<AdminOptions>>;

export const ADMIN_DEFAULTS: AdminSettings = Object.freeze({
  timeoutMs: 60_000,
  requestTimeoutMs: 30_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  unknownTopicWaitMs: 1_000,
  requestItemsMax: 2_000,
});

const RANGES: Readonly<Record<keyof AdminSettings, readonly [least: number, most: number]>> = {
  timeoutMs: [1, 2 ** 31 - 1],
  requestTimeoutMs: [1, 2 ** 31 - 1],
  retryBackoffMs: [0, 60_000],
  retryBackoffMaxMs: [0, 600_000],
  unknownTopicWaitMs: [0, 600_000],
  requestItemsMax: [1, 100_000],
};

/** The defaults with what is given over them, frozen. Throws MISUSE for a value that cannot be meant. */
export function adminSettings(options: AdminOptions = {}): AdminSettings {
  const settings = { ...ADMIN_DEFAULTS };
  for (const name of Object.keys(options) as (keyof AdminOptions)[]) {
    const value = options[name];
    if (value === undefined) continue;
    const range = RANGES[name] as (typeof RANGES)[keyof AdminSettings] | undefined;
    if (range === undefined) throw new KafkaError('MISUSE', `an admin has no option ${name}`);
    settings[name] = wholeNumber(value, `the admin's ${name}`, ...range);
  }
  return Object.freeze(settings);
}

/** What one call takes. */
export interface CallOptions {
  /** How long the call may take in all; milliseconds. Default: the admin's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** Ends the call with ABORTED. What was sent already may still have its effect. */
  readonly signal?: AbortSignal;
}

/** A change that the broker may be asked to only check. */
export interface ChangeOptions extends CallOptions {
  /** Everything is checked, nothing is changed. */
  readonly validateOnly?: boolean;
}

/** The value, when it is a whole number in the range, both ends included. Throws MISUSE otherwise. */
export function wholeNumber(value: number, what: string, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new KafkaError('MISUSE', `${what} is ${value}; a whole number from ${least} to ${most} is allowed`);
}

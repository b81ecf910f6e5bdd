import { KafkaError } from '../error.js';
import { type FetcherOptions, type FetcherSettings, fetcherSettings } from './fetcher-options.js';

/** How a consumer reads. Kafka's names in brackets; those of fetching stand in {@link FetcherOptions}. */
export interface ConsumerOptions extends FetcherOptions {
  /** [max.poll.records] Records that one `poll` gives at most. Default 500. */
  readonly maxPollRecords?: number;
  /**
   * [enable.auto.commit, auto.commit.interval.ms] In a group: how often what was handed out and is done is committed,
   * milliseconds; 0: never. A record is done when the next one (or the next `poll`) is asked for. Default 5,000.
   */
  readonly autoCommitIntervalMs?: number;
}

export interface ConsumerSettings {
  readonly fetcher: FetcherSettings;
  readonly maxPollRecords: number;
  readonly autoCommitIntervalMs: number;
}

export const CONSUMER_DEFAULTS = Object.freeze({ maxPollRecords: 500, autoCommitIntervalMs: 5_000 });

/** The options over the defaults. Throws KafkaError MISUSE that names the option, its value and what is allowed. */
export function consumerSettings(options: ConsumerOptions = {}): ConsumerSettings {
  const { maxPollRecords, autoCommitIntervalMs, ...fetching } = options;
  return Object.freeze({
    fetcher: fetcherSettings(fetching),
    maxPollRecords: whole('maxPollRecords', maxPollRecords ?? CONSUMER_DEFAULTS.maxPollRecords, 1, 1_000_000),
    autoCommitIntervalMs: whole(
      'autoCommitIntervalMs',
      autoCommitIntervalMs ?? CONSUMER_DEFAULTS.autoCommitIntervalMs,
      0,
      86_400_000,
    ),
  });
}

function whole(option: string, value: number, lowest: number, highest: number): number {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  const advice = `give a whole number from ${lowest} to ${highest}`;
  throw new KafkaError('MISUSE', `${option} is ${String(value)}`, { about: 'consumer', advice });
}

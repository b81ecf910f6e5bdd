import { ApiError, type Clock, type Logger, printable } from '@trunkline/kernel';
import { brokerNumber } from './config/topic-config.js';
import type { StaticBrokerConfig } from './config/effective.js';
import type { MetadataManager } from './metadata-manager.js';
import { TokenBucket } from './token-bucket.js';
import { refusal, type CreateTopicOutcome } from './topic-control.js';
import type { NewTopic } from './topic-decisions.js';

export interface TopicAutoCreationOptions {
  readonly manager: MetadataManager;
  readonly statics: StaticBrokerConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Has topics made, by whoever decides. Default: `manager` does. */
  readonly createTopics?: CreateTopics;
}

/** Makes topics, each for itself; rejects when that is not possible now. */
export type CreateTopics = (
  wanted: readonly NewTopic[],
) => Promise<readonly Pick<CreateTopicOutcome, 'name' | 'error'>[]>;

/**
 * Makes topics that somebody asked for by using them, and the broker's own.
 *
 * Bounded: so many a second (`auto.create.topics.per.second`), so many partitions in all (`max.partitions`). Whether a
 * client's topics make themselves at all (`auto.create.topics.enable`) is asked by the caller.
 */
export class TopicAutoCreation {
  readonly #bucket: TokenBucket;
  readonly #createTopics: CreateTopics;
  #quietUntilMs = -Infinity;

  constructor(private readonly options: TopicAutoCreationOptions) {
    const { manager, statics } = options;
    const perSecond = brokerNumber(manager.image.configs, statics, 'auto.create.topics.per.second');
    this.#bucket = new TokenBucket(perSecond);
    this.#createTopics =
      this.options.createTopics ?? ((wanted) => manager.submit((controller) => controller.createTopics(wanted)));
  }

  /**
   * Makes topics with the broker's defaults; resolves when all that could be made are usable. The map says why the
   * others could not; a topic that somebody else made meanwhile is not in it. Never rejects for a single topic.
   */
  async create(names: readonly string[]): Promise<ReadonlyMap<string, ApiError>> {
    const { clock } = this.options;
    const refused = new Map<string, ApiError>();
    const tooMany = new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'Too many topics are being made; ask again later');
    const wanted = names.filter((name) => {
      if (this.#bucket.take(clock.monotonicMs())) return true;
      refused.set(name, tooMany);
      return false;
    });
    for (const { name, error } of await this.#made(wanted)) {
      if (error === undefined || error.code === 'TOPIC_ALREADY_EXISTS') continue;
      refused.set(name, error);
      this.#warn(name, error);
    }
    return refused;
  }

  /**
   * Makes `__consumer_offsets` when it is missing, compacted, with `offsets.topic.num.partitions`; resolves when it is
   * usable. Throws the ApiError that hindered it. No client can hinder it by making topics quickly.
   */
  async createOffsetsTopic(): Promise<void> {
    const { manager } = this.options;
    if (manager.image.topics.byName(OFFSETS_TOPIC) !== undefined) return;
    const wanted: NewTopic = {
      name: OFFSETS_TOPIC,
      partitionCount: this.#number('offsets.topic.num.partitions'),
      replicationFactor: this.#number('offsets.topic.replication.factor'),
      assignments: [],
      configs: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'compression.type', value: 'producer' },
        {
          name: 'segment.bytes',
          value: String(Math.max(this.#number('offsets.topic.segment.bytes'), SEGMENT_BYTES_MIN)),
        },
      ],
    };
    const [outcome] = await this.#createTopics([wanted]);
    if (outcome?.error !== undefined && outcome.error.code !== 'TOPIC_ALREADY_EXISTS') throw outcome.error;
  }

  async #made(names: readonly string[]): Promise<readonly Pick<CreateTopicOutcome, 'name' | 'error'>[]> {
    if (names.length === 0) return [];
    const wanted = names.map((name) => this.#plain(name));
    try {
      return await this.#createTopics(wanted);
    } catch (reason) {
      const error = refusal(reason);
      return names.map((name) => ({ name, error }));
    }
  }

  /** Clients ask again and again: one line in a while is enough. */
  #warn(name: string, error: ApiError): void {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + WARN_EVERY_MS;
    this.options.logger.warn('a topic could not make itself', { topic: printable(name), reason: error.message });
  }

  #plain(name: string): NewTopic {
    return { name, partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] };
  }

  #number(name: string): number {
    const { manager, statics } = this.options;
    return brokerNumber(manager.image.configs, statics, name);
  }
}

const WARN_EVERY_MS = 10_000;
/** Where groups keep their state. */
export const OFFSETS_TOPIC = '__consumer_offsets';
/** The least that segment.bytes allows. */
const SEGMENT_BYTES_MIN = 1024 * 1024;

import { type ChannelSpec, TrunklineError } from '@trunkline/bus';
import { Admin, type Cluster, type NewTopic } from '@trunkline/client';
import type { Logger } from '@trunkline/kernel';
import type { KafkaSettings } from './options.js';

/** Room for key, headers and framing beside the largest value, bytes. */
const OVERHEAD_BYTES = 131_072;
const KAFKA_DEFAULT_MESSAGE_BYTES = 1_048_588;
const READY_TIMEOUT_MS = 30_000;
const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 500;
/** Our broker's name for what may be lost in a power cut; Apache Kafka knows no such config. */
const FLUSH_CONFIG = 'trunkline.flush';

/** Makes topics that are missing. */
export class Channels {
  /** Whether the brokers know our flush mode per topic; undefined until one of them was asked. */
  #knowsFlush: boolean | undefined;
  readonly #admin: Admin;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: KafkaSettings,
    private readonly logger: Logger,
  ) {
    this.#admin = new Admin(cluster);
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  /** Makes what is missing, and waits until every partition has a leader. */
  async ensure(specs: readonly ChannelSpec[]): Promise<void> {
    const { clock } = this.cluster.ports;
    const deadlineMs = clock.monotonicMs() + READY_TIMEOUT_MS;
    const byName = new Map(specs.toReversed().map((spec) => [spec.channel, spec])); // named twice: the first counts
    let wanted = [...byName.values()].filter(({ channel }) => !this.#isReady(channel));
    for (let attempt = 0; wanted.length > 0; attempt++) {
      await this.cluster.refresh(wanted.map(({ channel }) => channel));
      const missing = wanted.filter(({ channel }) => !this.#exists(channel));
      const problem = missing.length === 0 ? undefined : await this.#create(missing);
      if (problem === undefined && missing.length > 0)
        await this.cluster.refresh(missing.map(({ channel }) => channel));
      wanted = wanted.filter(({ channel }) => !this.#isReady(channel));
      if (wanted.length === 0) return;
      if (clock.monotonicMs() > deadlineMs) {
        const why = problem ?? 'a partition has no leader';
        throw new TrunklineError('ENGINE_UNAVAILABLE', `topic ${wanted[0]!.channel} is not usable yet: ${why}`);
      }
      const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(attempt, 10));
      await new Promise<void>((resolve) => this.cluster.after(pauseMs, resolve));
    }
  }

  #exists(channel: string): boolean {
    return (this.cluster.image.topics.get(channel)?.partitions.length ?? 0) > 0;
  }

  #isReady(channel: string): boolean {
    const partitions = this.cluster.image.topics.get(channel)?.partitions ?? [];
    return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
  }

  /** Asks once. Answers what went wrong when it may go right later; throws when it never will. */
  async #create(specs: readonly ChannelSpec[]): Promise<string | undefined> {
    const withFlush = this.#knowsFlush !== false;
    const topics = specs.map((spec) => this.#newTopic(spec, withFlush));
    const made = await this.#admin.topics.create(topics, { timeoutMs: this.settings.requestTimeoutMs });
    let problem: string | undefined;
    const refused: ChannelSpec[] = [];
    for (const spec of specs) {
      const name = spec.channel;
      const error = made.get(name)?.error;
      if (error === undefined) {
        if (withFlush && spec.flush === 'os') this.#knowsFlush = true;
      } else if (error.code === 'TOPIC_ALREADY_EXISTS') continue;
      else if (error.code === 'INVALID_CONFIG' && withFlush && spec.flush === 'os' && !this.#knowsFlush) {
        refused.push(spec);
      } else if (error.retriable) problem = error.message;
      else throw new TrunklineError('ENGINE_REFUSED', `topic ${name} cannot be made: ${error.code}: ${error.detail}`);
    }
    if (refused.length === 0) return problem;
    this.#knowsFlush = false;
    this.logger.debug(`the brokers do not know the topic config ${FLUSH_CONFIG}; topics are made without it`);
    return (await this.#create(refused)) ?? problem;
  }

  #newTopic(spec: ChannelSpec, withFlush: boolean): NewTopic {
    const partitions = spec.partitions ?? this.settings.partitions;
    const { replicationFactor } = this.settings;
    return {
      name: spec.channel,
      configs: this.#configsOf(spec, withFlush),
      ...(partitions > 0 && { partitions }),
      ...(replicationFactor > 0 && { replicationFactor }),
    };
  }

  #configsOf({ flush, retentionMs }: ChannelSpec, withFlush: boolean): Record<string, string> {
    const configs: Record<string, string> = {};
    const messageBytesMax = this.settings.messageBytesMax + OVERHEAD_BYTES;
    if (messageBytesMax > KAFKA_DEFAULT_MESSAGE_BYTES) configs['max.message.bytes'] = String(messageBytesMax);
    if (retentionMs !== undefined) configs['retention.ms'] = String(retentionMs);
    if (flush === 'os' && withFlush) configs[FLUSH_CONFIG] = 'os';
    return configs;
  }
}

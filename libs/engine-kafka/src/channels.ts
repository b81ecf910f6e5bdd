import { type ChannelSpec, TrunklineError } from '@trunkline/bus';
import type { Logger } from '@trunkline/kernel';
import type { Cluster } from './cluster.js';
import { codeOf, isRetriable, nameOf } from './error-codes.js';

/** Room for key, headers and framing beside the largest value, bytes. */
const OVERHEAD_BYTES = 131_072;
const KAFKA_DEFAULT_MESSAGE_BYTES = 1_048_588;
const READY_TIMEOUT_MS = 30_000;
const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 500;
/** Our broker's name for what may be lost in a power cut; Apache Kafka knows no such config. */
const FLUSH_CONFIG = 'trunkline.flush';

interface TopicConfig {
  readonly name: string;
  readonly value: string;
}

/** Makes topics that are missing. */
export class Channels {
  /** Whether the brokers know our flush mode per topic; undefined until one of them was asked. */
  #knowsFlush: boolean | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly logger: Logger,
  ) {}

  /** Makes what is missing, and waits until every partition has a leader. */
  async ensure(specs: readonly ChannelSpec[]): Promise<void> {
    const { clock } = this.cluster;
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
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }

  #exists(channel: string): boolean {
    return (this.cluster.topic(channel)?.leaders.length ?? 0) > 0;
  }

  #isReady(channel: string): boolean {
    const leaders = this.cluster.topic(channel)?.leaders ?? [];
    return leaders.length > 0 && leaders.every((leader) => leader >= 0);
  }

  /** Asks once. Answers what went wrong when it may go right later; throws when it never will. */
  async #create(specs: readonly ChannelSpec[]): Promise<string | undefined> {
    const { cluster } = this;
    const { client, settings } = cluster;
    const link = await cluster.link(cluster.anyNode(), 'control');
    const withFlush = this.#knowsFlush !== false;
    const topics = specs.map((spec) => ({
      name: spec.channel,
      numPartitions: spec.partitions ?? settings.partitions,
      replicationFactor: settings.replicationFactor,
      assignments: [],
      configs: this.#configsOf(spec, withFlush),
    }));
    const answer = await link.call(client.createTopicsV4.api, topics, settings.requestTimeoutMs, false);
    let problem: string | undefined;
    const refused: ChannelSpec[] = [];
    for (const { name, errorCode, errorMessage } of answer.topics) {
      const spec = specs.find(({ channel }) => channel === name);
      const said = `${nameOf(errorCode)}${errorMessage === null ? '' : ` (${errorMessage})`}`;
      if (spec === undefined || errorCode === codeOf('TOPIC_ALREADY_EXISTS')) continue;
      if (errorCode === 0) {
        if (withFlush && spec.flush === 'os') this.#knowsFlush = true;
      } else if (errorCode === codeOf('INVALID_CONFIG') && withFlush && spec.flush === 'os' && !this.#knowsFlush) {
        refused.push(spec);
      } else if (isRetriable(errorCode)) problem = said;
      else throw new TrunklineError('ENGINE_REFUSED', `topic ${name} cannot be made: ${said}`);
    }
    if (refused.length === 0) return problem;
    this.#knowsFlush = false;
    this.logger.debug(`the brokers do not know the topic config ${FLUSH_CONFIG}; topics are made without it`);
    return (await this.#create(refused)) ?? problem;
  }

  #configsOf({ flush, retentionMs }: ChannelSpec, withFlush: boolean): TopicConfig[] {
    const configs: TopicConfig[] = [];
    const messageBytesMax = this.cluster.settings.messageBytesMax + OVERHEAD_BYTES;
    if (messageBytesMax > KAFKA_DEFAULT_MESSAGE_BYTES) {
      configs.push({ name: 'max.message.bytes', value: String(messageBytesMax) });
    }
    if (retentionMs !== undefined) configs.push({ name: 'retention.ms', value: String(retentionMs) });
    if (flush === 'os' && withFlush) configs.push({ name: FLUSH_CONFIG, value: 'os' });
    return configs;
  }
}

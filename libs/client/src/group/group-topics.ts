import { type Timer, asError } from '@trunkline/kernel';
import { Metadata } from '@trunkline/protocol';
import type { Cluster, ClusterImage, TopicImage } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { GroupSettings } from './group-options.js';
import type { TopicsToShare } from './subscription.js';

const NO_RACKS: ReadonlySet<string> = new Set();

/** A topic as the leader of a group shared it: from which image, and the racks of each partition's replicas. */
interface LedTopic {
  readonly topic: TopicImage | undefined;
  readonly brokers: ClusterImage['brokers'];
  readonly racks: readonly ReadonlySet<string>[];
}

/** How long a look at all topics may take, ms. */
const LIST_TIMEOUT_MS = 30_000;

/**
 * The topics of a member: those it subscribes to, and, while it leads, those of the whole group. Says when a round is
 * needed: topics that match a pattern come and go, and topics grow.
 */
export class GroupTopics {
  #subscribed: readonly string[];
  /** While it leads: what each topic of the group was when it shared them. */
  #led: ReadonlyMap<string, LedTopic> = new Map();
  /** By broker, what was told last: one that is down for a while has not moved. */
  readonly #racks = new Map<number, string>();
  #watched: { release(): void } | undefined;
  #stopImage: (() => void) | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: GroupSettings,
    private readonly changed: (reason: string) => void,
  ) {
    this.#subscribed = settings.topics;
  }

  /** By name, sorted. With a pattern: those that matched when it was looked at last. */
  get subscribed(): readonly string[] {
    return this.#subscribed;
  }

  /** Before the first join. Throws when the topics for a pattern cannot be listed. */
  async open(): Promise<void> {
    this.#stopImage ??= this.cluster.onImage(() => this.#look());
    if (this.settings.pattern === undefined || this.settings.protocol === 'consumer') return;
    this.#subscribed = await this.#matching(wholeName(this.settings.pattern));
    this.#again();
  }

  /** It leads a round: learns how many partitions the topics have, and where, and watches them from now on. */
  async lead(topics: readonly string[]): Promise<TopicsToShare> {
    const wanted = [...new Set(topics)];
    this.#led = new Map(); // What changes until the partitions are shared is part of this round.
    const watched = this.cluster.watch(wanted);
    this.#watched?.release();
    this.#watched = watched;
    // What is known is good enough, as in Java: nobody waits for it, and growth is noticed afterwards.
    const missing = wanted.filter((topic) => !this.cluster.image.topics.has(topic));
    if (missing.length > 0) await this.cluster.refresh(missing);
    const led = new Map(wanted.map((topic) => [topic, this.#ledOf(topic)]));
    this.#led = led;
    return {
      partitionsOf: (topic) => led.get(topic)?.racks.length ?? 0,
      racksOf: (topic, partition) => led.get(topic)?.racks[partition] ?? NO_RACKS,
    };
  }

  /** Another leads. */
  follow(): void {
    this.#led = new Map();
    this.#watched?.release();
    this.#watched = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopImage?.();
    this.#timer?.cancel();
    this.follow();
  }

  #look(): void {
    for (const [topic, was] of this.#led) {
      const { image } = this.cluster;
      if (was.topic === image.topics.get(topic) && was.brokers === image.brokers) continue;
      const now = this.#ledOf(topic);
      const change = this.#changeOf(was, now);
      if (change === undefined) continue;
      this.#led = new Map([...this.#led.keys()].map((name) => [name, this.#ledOf(name)]));
      this.changed(`topic ${topic} has ${change}`);
      return;
    }
  }

  /** Where replicas are matters to a leader that is in a rack itself, as in Java. */
  #changeOf(was: LedTopic, now: LedTopic): string | undefined {
    const [before, count] = [was.racks.length, now.racks.length];
    if (before !== count) return `${count} partitions, not ${before}`;
    if (this.settings.rack === undefined) return undefined;
    const isSame = was.racks.every((racks, partition) => areSame(racks, now.racks[partition]!));
    return isSame ? undefined : 'replicas in other racks';
  }

  #ledOf(name: string): LedTopic {
    const { topics, brokers } = this.cluster.image;
    const topic = topics.get(name);
    for (const { nodeId, rack = '' } of brokers.values()) this.#racks.set(nodeId, rack);
    const racks = (topic?.partitions ?? []).map(({ replicas }) => {
      const named = replicas.map((nodeId) => this.#racks.get(nodeId) ?? '');
      return new Set(named.filter((rack) => rack !== ''));
    });
    return { topic, brokers, racks };
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#timer = this.cluster.after(this.settings.patternRefreshMs, () => void this.#match());
  }

  async #match(): Promise<void> {
    const { pattern } = this.settings;
    if (pattern === undefined) return;
    try {
      const matching = await this.#matching(wholeName(pattern));
      const isSame = matching.join() === this.#subscribed.join();
      this.#subscribed = matching;
      if (!isSame && !this.#isClosed) this.changed(`${matching.length} topics match ${String(pattern)}`);
    } catch (reason) {
      this.cluster.ports.logger.warn('topics could not be listed for a pattern', { reason: asError(reason).message });
    }
    this.#again();
  }

  async #matching(pattern: RegExp): Promise<string[]> {
    const { body } = await this.cluster.ask(
      { kind: 'anyone' },
      Metadata,
      { topics: null, allowAutoTopicCreation: false },
      { timeoutMs: LIST_TIMEOUT_MS, versionMin: 4 },
    );
    KafkaError.check(body.errorCode, 'the list of topics');
    return body.topics
      .filter(({ errorCode, isInternal, name }) => errorCode === 0 && !isInternal && pattern.test(name ?? ''))
      .map(({ name }) => name ?? '')
      .toSorted();
  }
}

function areSame(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  if (some.size !== others.size) return false;
  for (const one of some) if (!others.has(one)) return false;
  return true;
}

/** As Java: a pattern matches whole names. */
export function wholeName(pattern: string | RegExp): RegExp {
  return new RegExp(`^(?:${typeof pattern === 'string' ? pattern : pattern.source})$`, 'u');
}

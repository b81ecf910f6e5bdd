import type { Timer } from '@trunkline/kernel';
import { Metadata, errorCode } from '@trunkline/protocol';
import type { ClientConfig } from '../config.js';
import { backoffMs } from '../backoff.js';
import type { Nodes } from '../connection/nodes.js';
import { KafkaError } from '../error.js';
import type { BrokerNode, Cluster, ClusterImage, TopicImage } from './cluster.js';
import { EMPTY_IMAGE, type MetadataAnswer, imageAfter, imageAfterLeader, imageWithout } from './image.js';
import type { Pauses } from './pauses.js';
import { RefreshMachine } from './refresh.js';

const UNKNOWN_TOPIC = errorCode('UNKNOWN_TOPIC_OR_PARTITION');
const LEADER_NOT_AVAILABLE = errorCode('LEADER_NOT_AVAILABLE');
const REBOOTSTRAP_REQUIRED = errorCode('REBOOTSTRAP_REQUIRED');

interface Waiter {
  readonly round: number;
  readonly sinceMs: number;
  readonly settle: (error: KafkaError | undefined, answer: MetadataAnswer | undefined) => void;
}

/** Keeps the image: performs what the refresh machine says, and tells of changes. */
export class MetadataKeeper {
  image: ClusterImage = EMPTY_IMAGE;
  readonly #refresh: RefreshMachine;
  readonly #listeners = new Set<(image: ClusterImage) => void>();
  #waiters: Waiter[] = [];
  /** When each topic was told of last. */
  readonly #seenMs = new Map<string, number>();
  #timer: Timer | undefined;
  #soon = false;
  #failures = 0;
  #lastAnswerMs: number;
  #closed: KafkaError | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly config: ClientConfig,
    private readonly nodes: Nodes,
    private readonly pauses: Pauses,
  ) {
    this.#refresh = new RefreshMachine(config);
    this.#lastAnswerMs = cluster.ports.clock.monotonicMs();
  }

  onImage(changed: (image: ClusterImage) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  async refresh(topics: readonly string[]): Promise<void> {
    await this.#look(topics);
  }

  async topic(name: string, allowAutoCreation: boolean): Promise<TopicImage | undefined> {
    const startedMs = this.#nowMs();
    const known = this.image.topics.get(name);
    if (known !== undefined && (this.#refresh.isWatched(name) || !this.#isOld(name, startedMs))) return known;
    for (let tried = 1; ; tried++) {
      const answer = allowAutoCreation ? await this.#create(name) : await this.#look([name]);
      const found = this.image.topics.get(name);
      if (found !== undefined) return found;
      const code = answer.topics.find((topic) => topic.name === name)?.errorCode ?? UNKNOWN_TOPIC;
      const isComing = code === LEADER_NOT_AVAILABLE || (allowAutoCreation && code === UNKNOWN_TOPIC);
      if (!isComing && code !== UNKNOWN_TOPIC) KafkaError.check(code, `topic ${name}`);
      const pauseMs = this.#pauseMs(tried);
      if (!isComing || this.#nowMs() + pauseMs - startedMs >= this.config.requestTimeoutMs) return undefined;
      await this.pauses.pause(pauseMs);
    }
  }

  watch(topics: readonly string[]): { release(): void } {
    for (const topic of topics) this.#refresh.watch(topic);
    const missing = topics.filter((topic) => !this.image.topics.has(topic));
    if (missing.length > 0) this.#refresh.want(missing);
    this.#schedule();
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) for (const topic of topics) this.#refresh.release(topic);
        isHeld = false;
      },
    };
  }

  learnLeader(topic: string, partition: number, leader: { nodeId: number; epoch: number }, node?: BrokerNode): void {
    const next = imageAfterLeader(this.image, topic, partition, leader, node);
    if (next === this.image) return;
    if (node !== undefined) this.nodes.learn(node.nodeId, { host: node.host, port: node.port });
    this.#changed(next);
  }

  doubt(topic: string): void {
    this.#refresh.want([topic]);
    this.#schedule();
  }

  doubtBrokers(): void {
    this.#refresh.want([]);
    this.#schedule();
  }

  close(reason: KafkaError): void {
    this.#closed = reason;
    this.#timer?.cancel();
    this.#settle(reason, undefined, () => true);
    this.#listeners.clear();
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }

  #look(topics: readonly string[]): Promise<MetadataAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      this.#waiters.push({
        round: this.#refresh.round + 1,
        sinceMs: this.#nowMs(),
        settle: (error, answer) => {
          if (answer === undefined) reject(error ?? new KafkaError('DISCONNECTED', 'no metadata came'));
          else resolve(answer);
        },
      });
      this.#refresh.want(topics);
      this.#schedule();
    });
  }

  /** Everything that is wanted in one turn of the event loop shares a request. */
  #schedule(): void {
    if (this.#closed !== undefined || this.#soon) return;
    const dueMs = this.#refresh.dueAtMs();
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueMs === Infinity) return;
    const waitMs = dueMs - this.#nowMs();
    if (waitMs > 0) {
      this.#timer = this.cluster.after(waitMs, () => this.#begin());
      return;
    }
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#closed !== undefined) return;
    const ask = this.#refresh.next(this.#nowMs());
    if (ask === undefined) return this.#schedule();
    const { round } = this.#refresh;
    this.#ask(ask.topics, false).then(
      (answer) => this.#answered(round, ask.topics, answer),
      (reason: unknown) => this.#failed(round, ask.topics, KafkaError.from(reason, 'DISCONNECTED')),
    );
  }

  async #ask(topics: readonly string[], allowAutoTopicCreation: boolean): Promise<MetadataAnswer> {
    const { requestTimeoutMs, connectTimeoutMs, metadataRecoveryStrategy } = this.config;
    const sinceMs = this.#waiters.reduce((earliest, waiter) => Math.min(earliest, waiter.sinceMs), Infinity);
    const leftMs = sinceMs === Infinity ? requestTimeoutMs : sinceMs + requestTimeoutMs - this.#nowMs();
    const timeoutMs = Math.max(1, Math.min(leftMs, connectTimeoutMs));
    const { body } = await this.cluster.ask(
      { kind: 'anyone' },
      Metadata,
      { topics: topics.map((name) => ({ name })), allowAutoTopicCreation },
      { timeoutMs, versionMin: 4 },
    );
    if (body.errorCode === REBOOTSTRAP_REQUIRED && metadataRecoveryStrategy === 'rebootstrap') {
      this.nodes.forget();
      throw new KafkaError('UNREACHABLE', 'the broker says that the cluster is to be looked for anew');
    }
    KafkaError.check(body.errorCode, 'metadata');
    return body;
  }

  /** Creation is a request of its own: the others must not create what somebody merely looks at. */
  async #create(name: string): Promise<MetadataAnswer> {
    const answer = await this.#ask([name], true);
    this.#take(answer, [name]);
    return answer;
  }

  #answered(round: number, topics: readonly string[], answer: MetadataAnswer): void {
    if (this.#closed !== undefined) return;
    this.#failures = 0;
    this.#refresh.answered(this.#nowMs());
    this.#take(answer, topics);
    this.#settle(undefined, answer, (waiter) => waiter.round <= round);
    this.#schedule();
  }

  #failed(round: number, topics: readonly string[], error: KafkaError): void {
    if (this.#closed !== undefined) return;
    this.#failures += 1;
    const nowMs = this.#nowMs();
    const { metadataRecoveryStrategy, metadataRecoveryTriggerMs, requestTimeoutMs } = this.config;
    if (metadataRecoveryStrategy === 'rebootstrap' && nowMs - this.#lastAnswerMs >= metadataRecoveryTriggerMs)
      this.nodes.forget();
    const pauseMs = this.#pauseMs(this.#failures);
    const isLast = ({ sinceMs }: Waiter): boolean => !error.retriable || nowMs + pauseMs - sinceMs >= requestTimeoutMs;
    this.#settle(error, undefined, (waiter) => waiter.round <= round && isLast(waiter));
    this.#refresh.failed(nowMs, topics, pauseMs);
    this.#schedule();
  }

  /** Topics that nobody asked for are left out: a broker must not fill our memory with names. */
  #take(answer: MetadataAnswer, asked: readonly string[]): void {
    this.#lastAnswerMs = this.#nowMs();
    if (answer.brokers.length === 0) return;
    const names = new Set<string | null>(asked);
    const topics = answer.topics.filter(({ name }) => names.has(name));
    for (const { name } of topics) if (name !== null) this.#seenMs.set(name, this.#lastAnswerMs);
    const next = imageWithout(imageAfter(this.image, { ...answer, topics }), this.#forgotten());
    this.nodes.update(next.brokers);
    this.#changed(next);
  }

  /** Topics that nobody watches, and nobody asked for since they grew old. */
  #forgotten(): readonly string[] {
    const old: string[] = [];
    for (const name of this.#seenMs.keys()) {
      if (this.#refresh.isWatched(name) || !this.#isOld(name, this.#lastAnswerMs)) continue;
      old.push(name);
      this.#seenMs.delete(name);
    }
    return old;
  }

  #isOld(name: string, nowMs: number): boolean {
    return nowMs - (this.#seenMs.get(name) ?? -Infinity) >= this.config.metadataMaxAgeMs;
  }

  #changed(next: ClusterImage): void {
    this.image = next;
    this.config.observer.metadataChanged?.(next.brokers.size, next.topics.size);
    for (const listener of this.#listeners) listener(next);
  }

  #settle(error: KafkaError | undefined, answer: MetadataAnswer | undefined, isDue: (waiter: Waiter) => boolean): void {
    const due = this.#waiters.filter(isDue);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.settle(error, answer);
  }

  #pauseMs(failures: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.config;
    return backoffMs(failures, retryBackoffMs, retryBackoffMaxMs, this.cluster.ports.random);
  }
}

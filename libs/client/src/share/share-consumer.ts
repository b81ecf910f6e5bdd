import { asError, type Timer } from '@trunkline/kernel';
import { ShareAcknowledge, ShareFetch, ShareGroupHeartbeat } from '@trunkline/protocol';
import type { Answer, Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { ResultListeners } from './result-listeners.js';
import { type HeartbeatRequest, type MembershipChange, ShareMembership } from './share-membership.js';
import { tellAcknowledged, tellAcquired } from './share-observer.js';
import { type ShareConsumerOptions, type ShareConsumerSettings, shareConsumerSettings } from './share-options.js';
import type { AcknowledgeResult, AcknowledgeType, ShareRecord } from './share-record.js';
import { type LedPartition, type ShareRequest, ShareSessions } from './share-sessions.js';
import { ShareWaits } from './share-waits.js';

/** How long one round of the iteration waits for records; it goes on until somebody ends it. */
const ITERATION_WAIT_MS = 5_000;
/** A topic that the broker assigned and metadata does not know yet is looked up again so soon. */
const LOOK_AGAIN_MS = 500;
const COORDINATOR_LOST = ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'DISCONNECTED', 'TIMED_OUT'] as const;

/**
 * A member of a share group (KIP-932): takes records that no other member has, and says of each what is to become of it.
 * Members share partitions; order across them is not promised, nor that a record comes only once: a record whose lock
 * ends before it is acknowledged comes again, here or elsewhere, with a higher `deliveryCount`.
 *
 * Where a new group begins (`share.auto.offset.reset`, latest by default), isolation, lock time and delivery limit are
 * configurations of the group. Needs a broker with share groups (Apache Kafka 4.1); errors are {@link KafkaError}.
 */
export class ShareConsumer implements AsyncIterable<ShareRecord> {
  readonly settings: ShareConsumerSettings;
  readonly memberId: string;
  readonly #lane: string;
  readonly #membership: ShareMembership;
  readonly #sessions: ShareSessions;
  readonly #waits: ShareWaits;
  readonly #results: ResultListeners;
  #topics: readonly string[] | undefined;
  #led: readonly LedPartition[] = [];
  #watch: { release(): void } | undefined;
  #stopImages: (() => void) | undefined;
  #timer: Timer | undefined;
  #lookAgainAtMs = Infinity;
  #isPolling = false;
  #isPumpDue = false;
  #closing: Promise<void> | undefined;

  constructor(
    readonly cluster: Cluster,
    options: ShareConsumerOptions,
  ) {
    const { ports } = cluster;
    this.settings = shareConsumerSettings(options);
    this.memberId = this.settings.memberId ?? ports.random.uuid();
    this.#lane = `share-${this.memberId}`;
    this.#membership = new ShareMembership({ ...this.settings, memberId: this.memberId });
    const { crc32c, compression } = ports;
    this.#sessions = new ShareSessions({ ...this.settings, memberId: this.memberId, crc32c, compression });
    this.#waits = new ShareWaits(cluster);
    this.#results = new ResultListeners(this.settings.onAcknowledged, ports.logger);
  }

  /** How long the locks of what was taken hold, as a broker said last; milliseconds. undefined before the first records. */
  get acquisitionLockTimeoutMs(): number | undefined {
    return this.#sessions.lockTimeoutMs;
  }

  /** The topics that are read. */
  get subscription(): readonly string[] {
    return this.#topics ?? [];
  }

  /** Partitions that the group has given to this member; empty until it has come in. */
  get assignment(): readonly { readonly topic: string; readonly partition: number }[] {
    return this.#led.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Reads these topics, and no others, from now on. They may come to be later. Joins the group when it must. */
  subscribe(topics: readonly string[]): void {
    this.#refuseClosed();
    if (topics.length === 0 || topics.some((topic) => typeof topic !== 'string' || topic === '')) {
      throw new KafkaError('MISUSE', `subscribed to ${JSON.stringify(topics)}`, { advice: 'name one topic or more' });
    }
    this.#topics = [...new Set(topics)];
    this.#watch?.release();
    this.#watch = this.cluster.watch(this.#topics);
    this.#stopImages ??= this.cluster.onImage(() => this.#assign());
    this.#membership.subscribe(this.#topics, this.#nowMs());
    this.#pump();
  }

  /** Leaves the group, without waiting for its answer. What is held may still be acknowledged. */
  unsubscribe(): void {
    this.#refuseClosed();
    this.#topics = undefined;
    this.#watch?.release();
    this.#watch = undefined;
    this.#membership.leave(this.#nowMs());
    this.#assign();
  }

  /**
   * Up to `maxPollRecords` records; as soon as there are any, or none after `maxWaitMs`. One call at a time.
   *
   * Implicit mode: what the last call gave counts as accepted. Explicit mode: while `inFlightRecordsMax` are not
   * acknowledged nothing more comes. Rejects with what the group or a partition refused, CLOSED, ABORTED, MISUSE.
   */
  async poll(maxWaitMs: number, options: { readonly signal?: AbortSignal } = {}): Promise<readonly ShareRecord[]> {
    this.#refuseClosed();
    if (this.#isPolling)
      throw new KafkaError('MISUSE', 'polled while a poll is under way', { advice: 'await it first' });
    if (this.#topics === undefined)
      throw new KafkaError('MISUSE', 'polled without topics', { advice: 'subscribe first' });
    this.#isPolling = true;
    try {
      return await this.#poll(this.#nowMs() + Math.max(maxWaitMs, 1), options.signal);
    } finally {
      this.#isPolling = false;
      this.#sessions.rest();
    }
  }

  /**
   * Says what is to become of a record, in explicit mode. Told with the next poll or `commit`; a renewal at once.
   *
   * Throws KafkaError INVALID_RECORD_STATE when the record is not held any more, UNSUPPORTED_VERSION for a renewal that
   * the broker does not know, MISUSE. Whether the broker took it is told by `commit` and `onAcknowledged`.
   */
  acknowledge(record: ShareRecord, type: AcknowledgeType = 'accept'): void {
    this.#refuseClosed();
    if (this.settings.acknowledgementMode === 'implicit') {
      throw new KafkaError('MISUSE', 'acknowledged one by one in implicit mode', {
        advice: "give acknowledgementMode: 'explicit'",
      });
    }
    this.#sessions.acknowledge(record, type);
    if (type === 'renew') this.#pumpSoon();
  }

  /**
   * Sends what was acknowledged (implicit mode: accepts what the last poll gave) and tells what became of it. A
   * partition's failure is in its result; rejects with TIMED_OUT when not all is known in time, and with CLOSED.
   */
  async commit(options: { readonly timeoutMs?: number } = {}): Promise<readonly AcknowledgeResult[]> {
    this.#refuseClosed();
    const results: AcknowledgeResult[] = [];
    const untilMs = this.#nowMs() + (options.timeoutMs ?? this.settings.commitTimeoutMs);
    if (this.settings.acknowledgementMode === 'implicit') this.#sessions.acceptHeld();
    const words = this.#sessions.flush();
    const stop = this.#results.listen(results);
    try {
      this.#pump();
      const isKnown = (): boolean => this.#sessions.isSettled(words);
      const isOver = (): boolean => this.#closing !== undefined || isKnown();
      await this.#waits.until(isOver, untilMs);
      if (isKnown()) return results;
      this.#refuseClosed();
      const detail = 'what became of the acknowledgements is not known in time';
      throw new KafkaError('TIMED_OUT', detail, { about: `share group ${this.settings.groupId}` });
    } finally {
      stop();
    }
  }

  /**
   * Every record, until the loop is left or the consumer is closed. Implicit mode: a record is accepted once the loop has
   * asked for the next one; leaving the loop releases the one it is at, and those behind it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ShareRecord, void, void> {
    while (this.#closing === undefined) {
      const records = await this.poll(ITERATION_WAIT_MS).catch((reason: unknown) => {
        if (this.#closing === undefined) throw reason;
        return [];
      });
      let at = 0;
      try {
        for (; at < records.length; at++) yield records[at]!;
      } finally {
        if (at < records.length) this.#leaveLoop(records, at);
      }
    }
  }

  /** Sends what was acknowledged, releases the rest, and leaves the group; ends within `closeTimeoutMs`. Rejects never. */
  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#close());
    return this.#closing;
  }

  async #close(): Promise<void> {
    const nowMs = this.#nowMs();
    this.#sessions.close();
    this.#membership.leave(nowMs);
    this.#pump();
    const isOver = (): boolean => this.#sessions.isClosed && !this.#membership.isMember;
    await this.#waits.until(isOver, nowMs + this.settings.closeTimeoutMs);
    this.#stopImages?.();
    this.#watch?.release();
    this.#timer?.cancel();
    this.#waits.end();
    this.cluster.closeLane(this.#lane);
  }

  async #poll(untilMs: number, signal: AbortSignal | undefined): Promise<readonly ShareRecord[]> {
    if (this.settings.acknowledgementMode === 'implicit') this.#sessions.acceptHeld();
    let records: readonly ShareRecord[] = [];
    const isOver = (): boolean => {
      if (this.#closing !== undefined || signal?.aborted === true) return true;
      if (records.length === 0) records = this.#sessions.holdings.take(this.settings.maxPollRecords, this.#nowMs());
      const isDone = records.length > 0 || this.#sessions.news.hasError || this.#membership.error !== undefined;
      // Nobody waits any more: the rest of this turn must not ask for records that nobody takes.
      if (isDone) this.#sessions.rest();
      return isDone;
    };
    this.#sessions.want(untilMs, this.#nowMs());
    if (isOver()) this.#sessions.flush();
    this.#pump();
    await this.#waits.until(isOver, untilMs, signal);
    if (records.length > 0) return records;
    this.#refuseClosed();
    if (signal?.aborted === true) throw new KafkaError('ABORTED', 'the poll was aborted', { cause: signal.reason });
    const error = this.#sessions.news.takeError() ?? this.#membership.error;
    if (error !== undefined) throw error;
    return records;
  }

  /** The loop was left while it was at record `at`. */
  #leaveLoop(records: readonly ShareRecord[], at: number): void {
    if (this.#closing !== undefined) return;
    const isImplicit = this.settings.acknowledgementMode === 'implicit';
    for (const [index, record] of records.entries()) {
      const isDone = index < at || (index === at && !isImplicit);
      if (isDone && !isImplicit) continue;
      if (this.#sessions.holdings.holds(record)) this.#sessions.acknowledge(record, isDone ? 'accept' : 'release');
    }
    this.#sessions.flush();
    this.#pump();
  }

  /** Does all that is due now, and sees to it that it is called again. */
  #pump(): void {
    this.#waits.check();
    const nowMs = this.#nowMs();
    const heartbeat = this.#membership.next(nowMs);
    if (heartbeat !== undefined) void this.#beat(heartbeat);
    if (nowMs >= this.#lookAgainAtMs) this.#lookUp();
    for (const request of this.#sessions.next(nowMs)) this.#send(request);
    this.#tell();
    this.#waits.check();
    const wakeAtMs = Math.min(this.#membership.wakeAtMs, this.#sessions.wakeAtMs(nowMs), this.#lookAgainAtMs);
    this.#timer?.cancel();
    if (wakeAtMs < Infinity && !this.#waits.hasEnded) {
      this.#timer = this.cluster.after(Math.max(0, wakeAtMs - nowMs), () => this.#pump());
    }
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      if (!this.#waits.hasEnded) this.#pump();
    });
  }

  async #beat(request: HeartbeatRequest): Promise<void> {
    const { groupId, requestTimeoutMs: timeoutMs } = this.settings;
    const target = { kind: 'coordinator', type: 'group', key: groupId } as const;
    let change: MembershipChange;
    try {
      const { body } = await this.cluster.ask(target, ShareGroupHeartbeat, request, { timeoutMs });
      const error = KafkaError.ofCode(body.errorCode, '');
      if (error?.is(...COORDINATOR_LOST)) this.cluster.forgetCoordinator('group', groupId);
      change = this.#membership.answered(body, this.#nowMs());
    } catch (reason) {
      const error = KafkaError.from(reason, 'DISCONNECTED', `share group ${groupId}`);
      if (error.is(...COORDINATOR_LOST)) this.cluster.forgetCoordinator('group', groupId);
      change = this.#membership.failed(error, this.#nowMs());
    }
    if (change === 'none' || this.#closing !== undefined) this.#pump();
    else this.#assign();
  }

  #send(request: ShareRequest): void {
    const { nodeId } = request;
    const lane = this.#lane;
    if (request.kind === 'acknowledge') {
      const options = { lane, timeoutMs: this.settings.requestTimeoutMs };
      this.cluster.send(nodeId, ShareAcknowledge, request.body, options, (error, answer) => {
        this.#answered(nodeId, error, answer, (version, body, nowMs) => {
          this.#sessions.acknowledged(nodeId, version, body, nowMs);
        });
      });
      return;
    }
    const timeoutMs = this.settings.requestTimeoutMs + request.body.maxWaitMs;
    const versionMin = this.settings.acquireMode === 'record_limit' ? 2 : 1;
    this.cluster.send(nodeId, ShareFetch, request.body, { lane, timeoutMs, versionMin }, (error, answer) => {
      this.#answered(nodeId, error, answer, (version, body, nowMs) => {
        this.#sessions.fetched(nodeId, version, body, nowMs);
        tellAcquired(this.cluster.observer, this.settings.groupId, body, this.#sessions.holdings);
      });
    });
  }

  #answered<A extends typeof ShareFetch | typeof ShareAcknowledge>(
    nodeId: number,
    error: Error | undefined,
    answer: Answer<A> | undefined,
    take: (version: number, body: Answer<A>['body'], nowMs: number) => void,
  ): void {
    if (this.#waits.hasEnded) return;
    if (answer !== undefined) take(answer.version, answer.body, this.#nowMs());
    else this.#sessions.failed(nodeId, KafkaError.from(error, 'DISCONNECTED', `node ${nodeId}`), this.#nowMs());
    this.#pump();
  }

  /** Performs what the sessions want others to hear. */
  #tell(): void {
    const results: AcknowledgeResult[] = [];
    for (const effect of this.#sessions.news.effects()) {
      if (effect.kind === 'result') results.push(effect.result);
      else if (effect.kind === 'doubt') this.cluster.doubt(effect.topic, effect.partition);
      else {
        const { topic, partition, leader, node } = effect;
        this.cluster.learnLeader(topic, partition, leader, node && { ...node, rack: node.rack ?? undefined });
      }
    }
    tellAcknowledged(this.cluster.observer, this.settings.groupId, results);
    this.#results.tell(results);
  }

  /** Reads what is assigned from those who lead it, as far as metadata knows. */
  #assign(): void {
    const { topicsById } = this.cluster.image;
    const led: LedPartition[] = [];
    this.#lookAgainAtMs = Infinity;
    for (const [topicId, partitions] of this.#membership.assignment) {
      const topic = topicsById.get(topicId);
      if (topic === undefined) this.#lookAgainAtMs = this.#nowMs() + LOOK_AGAIN_MS;
      else {
        for (const partition of partitions) {
          led.push({ topicId, topic: topic.name, partition, leader: topic.partitions[partition]?.leader ?? -1 });
        }
      }
    }
    this.#led = led;
    this.#sessions.assign(led);
    this.#pump();
  }

  /** The group reads a topic that metadata does not tell of yet. */
  #lookUp(): void {
    this.#lookAgainAtMs = this.#nowMs() + LOOK_AGAIN_MS;
    this.cluster.refresh(this.#topics ?? []).catch((reason: unknown) => {
      const { groupId } = this.settings;
      this.cluster.ports.logger.warn('topics not found yet', { groupId, reason: asError(reason).message });
    });
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }

  #refuseClosed(): void {
    if (this.#closing === undefined) return;
    throw new KafkaError('CLOSED', 'the share consumer is closed', { about: `share group ${this.settings.groupId}` });
  }
}

import {
  type Deliver,
  PartitionDispatcher,
  type Subscription,
  type SubscriptionOptions,
  type SubscriptionStatus,
  TrunklineError,
} from '@trunkline/bus';
import { type Compression, asError } from '@trunkline/kernel';
import { Backoff } from './backoff.js';
import type { Cluster } from './cluster.js';
import { BrokerSaid, isRetriable } from './error-codes.js';
import { GroupMember } from './group-member.js';
import { GroupSession } from './group-session.js';
import { offsetsAt } from './offsets.js';
import { PartitionReader } from './partition-reader.js';
import type { TopicPartition } from './topic-partition.js';

/** How long a subscription may take to read for the first time. */
const READY_TIMEOUT_MS = 60_000;

/** A running subscribe, of a group's member or of a reader of its own. */
export class KafkaSubscription implements Subscription {
  readonly #dispatcher: PartitionDispatcher;
  readonly #reader: PartitionReader;
  #member: GroupMember | undefined;
  #state: 'starting' | 'running' | 'paused' | 'closed' = 'starting';
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly options: SubscriptionOptions,
    deliver: Deliver,
    compression: Compression,
    private readonly open: Set<KafkaSubscription>,
  ) {
    const { order, concurrency, mode, from } = options;
    this.#dispatcher = new PartitionDispatcher({
      order,
      concurrency,
      clock: cluster.clock,
      deliver,
      events: { ready: () => this.#reader.wake(), moved: () => this.#member?.moved() },
    });
    const reset = mode.kind === 'group' && from === 'earliest' ? 'start' : 'end';
    this.#reader = new PartitionReader(cluster, this.#dispatcher, compression, reset);
  }

  /** Resolves when it reads; it is in `open` until it is closed. Rejects with `ENGINE_UNAVAILABLE` or `ENGINE_REFUSED`, and leaves nothing behind then. */
  static async open(
    cluster: Cluster,
    options: SubscriptionOptions,
    deliver: Deliver,
    compression: Compression,
    open: Set<KafkaSubscription>,
  ): Promise<KafkaSubscription> {
    const subscription = new KafkaSubscription(cluster, options, deliver, compression, open);
    open.add(subscription);
    try {
      await subscription.#begin();
    } catch (reason) {
      await subscription.close(0);
      throw TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    }
    if (subscription.#state === 'starting') subscription.#state = 'running';
    return subscription;
  }

  status(): SubscriptionStatus {
    const { inFlight } = this.#dispatcher;
    const assigned = this.#reader.names;
    const reason = this.#state === 'closed' ? undefined : (this.#member?.trouble ?? this.#reader.trouble);
    if (reason !== undefined) return { state: 'failed', reason, inFlight, assigned };
    return { state: this.#state, inFlight, assigned };
  }

  pause(): void {
    if (this.#state === 'closed') return;
    this.#state = 'paused';
    this.#dispatcher.pause();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#dispatcher.resume();
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #begin(): Promise<void> {
    const { channels, mode, from } = this.options;
    await this.#find(channels);
    if (mode.kind === 'broadcast') return await this.#readAll(channels, mode.partition);
    const session = new GroupSession(this.cluster, mode.group, channels);
    const member = new GroupMember(this.cluster, session, this.#reader, from);
    this.#member = member;
    await this.#within(READY_TIMEOUT_MS, member.ready, () => member.trouble);
  }

  /** From the end of each log as it is now. */
  async #readAll(channels: readonly string[], only: number | undefined): Promise<void> {
    const partitions = channels.flatMap((topic) => {
      const count = this.cluster.topic(topic)?.leaders.length ?? 0;
      if (only !== undefined && only >= count) {
        throw new TrunklineError('ENGINE_REFUSED', `${topic} has ${count} partitions; there is no partition ${only}`);
      }
      const indexes = only === undefined ? Array.from({ length: count }, (_, index) => index) : [only];
      return indexes.map((partition): TopicPartition => ({ topic, partition }));
    });
    const ends = await this.#ends(partitions);
    partitions.forEach((partition, index) => this.#reader.add(partition, ends[index]!));
  }

  /** A topic that was just made, or has just changed its leader, answers after a moment. */
  async #ends(partitions: readonly TopicPartition[]): Promise<readonly number[]> {
    const { clock } = this.cluster;
    const deadlineMs = clock.monotonicMs() + READY_TIMEOUT_MS;
    const pause = new Backoff(clock);
    for (;;) {
      try {
        return await offsetsAt(this.cluster, partitions, 'end');
      } catch (reason) {
        const isFinal = reason instanceof BrokerSaid && !isRetriable(reason.errorCode);
        if (isFinal || this.#state === 'closed' || clock.monotonicMs() > deadlineMs) throw reason;
        await pause.pause();
        await this.cluster.refresh(this.options.channels).catch(() => {});
      }
    }
  }

  async #find(channels: readonly string[]): Promise<void> {
    const unknown = channels.filter((topic) => (this.cluster.topic(topic)?.leaders.length ?? 0) === 0);
    if (unknown.length === 0) return;
    await this.cluster.refresh(unknown);
    const missing = unknown.find((topic) => (this.cluster.topic(topic)?.leaders.length ?? 0) === 0);
    if (missing !== undefined) {
      throw new TrunklineError('ENGINE_REFUSED', `topic ${missing} does not exist; make it before (ensure)`);
    }
  }

  async #within(limitMs: number, ready: Promise<void>, trouble: () => string | undefined): Promise<void> {
    let expire: (reason: Error) => void = () => {};
    const expired = new Promise<never>((_, reject) => (expire = reject));
    const timer = this.cluster.clock.after(limitMs, () => {
      const why = trouble() ?? 'its group did not settle';
      expire(new TrunklineError('ENGINE_UNAVAILABLE', `${this.options.channels.join(', ')} cannot be read: ${why}`));
    });
    try {
      await Promise.race([ready, expired]);
    } finally {
      timer.cancel();
    }
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#state = 'closed';
    try {
      await this.#reader.stop();
      await this.#dispatcher.drain(deadlineMs);
      await this.#member?.close();
    } catch (reason) {
      throw TrunklineError.from(asError(reason), 'ENGINE_UNAVAILABLE');
    } finally {
      this.#dispatcher.close();
      this.open.delete(this);
    }
  }
}

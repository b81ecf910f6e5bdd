import {
  type Deliver,
  PartitionDispatcher,
  type Subscription,
  type SubscriptionOptions,
  type SubscriptionStatus,
  TrunklineError,
} from '@trunkline/bus';
import { type Cluster, type TopicPartition, offsetsFor } from '@trunkline/client';
import { asTrunklineError } from './errors.js';
import { Membership } from './member.js';
import type { KafkaSettings } from './options.js';
import { PartitionReader } from './reader.js';

/** How long a subscription may take to read for the first time. */
const READY_TIMEOUT_MS = 60_000;
/** Beside what runs: to commit and to leave the group. */
const LEAVE_MS = 5_000;

/** A running subscribe, of a group's member or of a reader of its own. */
export class KafkaSubscription implements Subscription {
  readonly #dispatcher: PartitionDispatcher;
  readonly #reader: PartitionReader;
  #member: Membership | undefined;
  #state: 'starting' | 'running' | 'paused' | 'closed' = 'starting';
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly settings: KafkaSettings,
    private readonly options: SubscriptionOptions,
    deliver: Deliver,
    private readonly open: Set<KafkaSubscription>,
  ) {
    const { order, concurrency, mode, from } = options;
    this.#dispatcher = new PartitionDispatcher({
      order,
      concurrency,
      clock: cluster.ports.clock,
      deliver,
      events: {
        full: (partition) => this.#reader.full(partition),
        ready: (partition) => this.#reader.ready(partition),
        moved: () => this.#member?.moved(),
      },
    });
    const reset = mode.kind === 'group' && from === 'earliest' ? 'start' : 'end';
    this.#reader = new PartitionReader(cluster, this.#dispatcher, settings, reset);
  }

  /**
   * Resolves when it reads; it is in `open` until it is closed. Rejects with `ENGINE_UNAVAILABLE` or `ENGINE_REFUSED`,
   * and leaves nothing behind then.
   */
  static async open(
    cluster: Cluster,
    settings: KafkaSettings,
    options: SubscriptionOptions,
    deliver: Deliver,
    open: Set<KafkaSubscription>,
  ): Promise<KafkaSubscription> {
    const subscription = new KafkaSubscription(cluster, settings, options, deliver, open);
    open.add(subscription);
    try {
      await subscription.#begin();
    } catch (reason) {
      await subscription.close(0);
      throw asTrunklineError(reason);
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
    const counts = await Promise.all(channels.map((channel) => this.#count(channel)));
    if (mode.kind === 'broadcast') return await this.#readAll(channels, counts, mode.partition);
    const member = new Membership(this.cluster, this.settings, this.#reader, {
      group: mode.group,
      topics: channels,
      from,
    });
    this.#member = member;
    await this.#within(READY_TIMEOUT_MS, member.ready, () => member.trouble);
  }

  /** From the end of each log as it is now. */
  async #readAll(channels: readonly string[], counts: readonly number[], only: number | undefined): Promise<void> {
    const partitions = channels.flatMap((topic, at) => {
      const count = counts[at]!;
      if (only !== undefined && only >= count) {
        throw new TrunklineError('ENGINE_REFUSED', `${topic} has ${count} partitions; there is no partition ${only}`);
      }
      const indexes = only === undefined ? Array.from({ length: count }, (_, index) => index) : [only];
      return indexes.map((partition): TopicPartition => ({ topic, partition }));
    });
    const ends = await offsetsFor(this.cluster, partitions, 'latest', { timeoutMs: READY_TIMEOUT_MS });
    for (const { error } of ends) if (error !== undefined) throw error;
    if (this.#state === 'closed') return;
    for (const { topic, partition, offset } of ends) this.#reader.add({ topic, partition }, offset);
  }

  async #count(channel: string): Promise<number> {
    const topic = await this.cluster.topic(channel);
    if (topic !== undefined && topic.partitions.length > 0) return topic.partitions.length;
    throw new TrunklineError('ENGINE_REFUSED', `topic ${channel} does not exist; make it before (ensure)`);
  }

  async #within(limitMs: number, ready: Promise<void>, trouble: () => string | undefined): Promise<void> {
    let expire: (reason: Error) => void = () => {};
    const expired = new Promise<never>((_, reject) => (expire = reject));
    const timer = this.cluster.after(limitMs, () => {
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
      await this.#dispatcher.drain(deadlineMs);
      await this.#member?.close(LEAVE_MS);
    } finally {
      this.#reader.stop();
      this.#dispatcher.close();
      this.open.delete(this);
    }
  }
}

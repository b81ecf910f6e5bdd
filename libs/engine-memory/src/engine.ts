import {
  type ChannelSpec,
  type Deliver,
  type Engine,
  type EngineFeatures,
  type OutgoingMessage,
  type Subscription,
  type SubscriptionOptions,
  TrunklineError,
} from '@trunkline/bus';
import { type MemoryOptions, type MemorySettings, settingsOf } from './options.js';
import { MemorySubscription } from './subscription.js';

/**
 * The bus on Maps in this process: partitions, groups and broadcast as a broker has them, nothing durable.
 *
 * Deterministic: no dice, no time but the clock's. A rejected delivery is delivered again in the same process after its
 * pause; other keys go on.
 */
export class MemoryEngine implements Engine {
  readonly name = 'memory';
  readonly messageBytesMax: number;
  readonly features: EngineFeatures = {
    durable: false,
    orderedByKey: true,
    multiProcess: false,
    replay: true,
    partitionedBroadcast: true,
    nativeDelay: false,
    transactions: false,
  };
  readonly #settings: MemorySettings;
  readonly #subscriptions = new Set<MemorySubscription>();
  #isOpen = false;

  constructor(options: MemoryOptions = {}) {
    this.#settings = settingsOf(options);
    this.messageBytesMax = this.#settings.messageBytesMax;
  }

  async start(): Promise<void> {
    this.#isOpen = true;
  }

  async ensure(channels: readonly ChannelSpec[]): Promise<void> {
    this.#mustBeOpen();
    for (const channel of channels) this.#settings.store.ensure(channel);
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    this.#mustBeOpen();
    const { store, clock } = this.#settings;
    store.append(messages, this.messageBytesMax, clock.nowMs());
  }

  async subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription> {
    this.#mustBeOpen();
    const { store } = this.#settings;
    const { mode, channels, from } = options;
    const partitions = channels.flatMap((channel) => store.partitionsOf(channel));
    const group = mode.kind === 'group' ? store.group(mode.group) : undefined;
    const closed = (gone: MemorySubscription): void => void this.#subscriptions.delete(gone);
    const subscription = new MemorySubscription(this.#settings, options, deliver, group, closed);
    if (mode.kind === 'group') {
      group?.join(subscription, from);
    } else {
      const read = partitions.filter(({ index }) => mode.partition === undefined || mode.partition === index);
      if (read.length === 0) {
        throw new TrunklineError('ENGINE_REFUSED', `${channels.join(', ')}: there is no partition ${mode.partition}`);
      }
      for (const partition of read) subscription.take(partition, partition.endOffset);
    }
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    const { closeDeadlineMs } = this.#settings;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close(closeDeadlineMs)));
    this.#isOpen = false;
  }

  #mustBeOpen(): void {
    if (!this.#isOpen) throw new TrunklineError('CLOSED', 'the memory engine is not started, or closed');
  }
}

/** The engine for unit tests: `new Bus({ engine: memory(), … })`. */
export function memory(options: MemoryOptions = {}): MemoryEngine {
  return new MemoryEngine(options);
}

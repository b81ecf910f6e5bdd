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
import { type Logger, silentLogger } from '@trunkline/kernel';
import { compression, nodeClock } from '@trunkline/platform';
import { Channels } from './channels.js';
import { Cluster } from './cluster.js';
import { KafkaSubscription } from './kafka-subscription.js';
import { type KafkaOptions, type KafkaSettings, kafkaSettings } from './options.js';
import { Producer } from './producer.js';

/** How long `close` lets handlers run that are under way. Subscriptions that were closed before had their own deadline. */
const CLOSE_DEADLINE_MS = 30_000;

const FEATURES: EngineFeatures = Object.freeze({
  durable: true,
  orderedByKey: true,
  multiProcess: true,
  replay: true,
  partitionedBroadcast: true,
  nativeDelay: false,
  transactions: false,
});

/** What there is between `start` and `close`. */
interface Running {
  readonly cluster: Cluster;
  readonly producer: Producer;
  readonly channels: Channels;
}

/**
 * The bus on a broker that speaks Kafka's protocol: Trunkline's own, Apache Kafka from 2.4 on, Redpanda, MSK.
 *
 * Sends with acks=all, idempotently; reads in consumer groups of the classic protocol with cooperative rebalancing. A
 * rejected delivery is delivered again out of memory, after a pause; its partition's position waits for it.
 */
export class KafkaEngine implements Engine {
  readonly name = 'kafka';
  readonly features = FEATURES;
  readonly messageBytesMax: number;
  readonly #settings: KafkaSettings;
  readonly #logger: Logger;
  readonly #subscriptions = new Set<KafkaSubscription>();
  #starting: Promise<void> | undefined;
  #running: Running | undefined;
  #isClosed = false;

  constructor(options: KafkaOptions) {
    this.#settings = kafkaSettings(options);
    this.#logger = options.logger ?? silentLogger;
    this.messageBytesMax = this.#settings.messageBytesMax;
  }

  async start(): Promise<void> {
    if (this.#isClosed) throw new TrunklineError('CLOSED', 'the engine is closed');
    this.#starting ??= this.#start();
    await this.#starting;
  }

  async ensure(channels: readonly ChannelSpec[]): Promise<void> {
    const { channels: topics, producer } = this.#parts();
    for (const { channel, flush } of channels) if (flush === 'os') producer.markOs(channel);
    try {
      await topics.ensure(channels);
    } catch (reason) {
      throw TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    }
  }

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const running = this.#running;
    if (running === undefined) return Promise.reject(this.#notRunning());
    return running.producer.publish(messages);
  }

  async subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription> {
    const { cluster } = this.#parts();
    return await KafkaSubscription.open(cluster, options, deliver, compression, this.#subscriptions);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting?.catch(() => {});
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close(CLOSE_DEADLINE_MS)));
    await running.producer.close();
    await running.cluster.close();
  }

  async #start(): Promise<void> {
    const client = await import('@platformatic/kafka');
    const cluster = new Cluster(client, this.#settings, nodeClock);
    try {
      await cluster.start();
    } catch (reason) {
      await cluster.close();
      throw TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    }
    this.#running = { cluster, producer: new Producer(cluster), channels: new Channels(cluster, this.#logger) };
  }

  #parts(): Running {
    if (this.#running === undefined) throw this.#notRunning();
    return this.#running;
  }

  #notRunning(): TrunklineError {
    return new TrunklineError('CLOSED', this.#isClosed ? 'the engine is closed' : 'the engine is not started');
  }
}

/** The engine for `brokers`. Throws `MISUSE` for options that cannot be meant; connects with `start`. */
export function kafka(options: KafkaOptions): KafkaEngine {
  return new KafkaEngine(options);
}

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
import { type ClientPorts, KafkaClient, KafkaError, LinkNetwork } from '@trunkline/client';
import { type Link, type Logger, silentLogger } from '@trunkline/kernel';
import {
  NodeNetwork,
  TlsNetwork,
  compression,
  crc32c,
  nodeClock,
  nodeRandom,
  nodeScramHashes,
} from '@trunkline/platform';
import { Channels } from './channels.js';
import { asTrunklineError } from './errors.js';
import { KafkaSubscription } from './kafka-subscription.js';
import { type KafkaOptions, type KafkaSettings, kafkaSettings } from './options.js';
import { Publisher } from './publisher.js';

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

/** The world, where it is not Node's: time, dice, and how brokers are reached. */
export type EnginePorts = Partial<Pick<ClientPorts, 'network' | 'clock' | 'random'>>;

/** What there is between `start` and `close`. */
interface Running {
  readonly client: KafkaClient;
  readonly publisher: Publisher;
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

  /** `ports`: what stands in for Node's: links to a broker in the same process, the clock and dice of a simulation. */
  constructor(
    options: KafkaOptions,
    private readonly ports: EnginePorts = {},
  ) {
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
    const { channels: topics, publisher } = this.#parts();
    for (const { channel, flush } of channels) if (flush === 'os') publisher.markOs(channel);
    try {
      await topics.ensure(channels);
    } catch (reason) {
      throw asTrunklineError(reason);
    }
  }

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const running = this.#running;
    if (running === undefined) return Promise.reject(this.#notRunning());
    return running.publisher.publish(messages);
  }

  async subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription> {
    const { cluster } = this.#parts().client;
    return await KafkaSubscription.open(cluster, this.#settings, options, deliver, this.#subscriptions);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting?.catch(() => {});
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close(CLOSE_DEADLINE_MS)));
    await running.publisher.close();
    await running.channels.close();
    await running.client.close();
  }

  async #start(): Promise<void> {
    const client = this.#client();
    try {
      await this.#reach(client);
    } catch (reason) {
      await client.close();
      const where = this.#settings.bootstrap.join(', ');
      const error = asTrunklineError(reason);
      if (error.code !== 'ENGINE_UNAVAILABLE') throw error;
      throw new TrunklineError(error.code, `no broker of ${where} answers: ${error.detail}`, { cause: reason });
    }
    const publisher = new Publisher(client.cluster, this.#settings);
    this.#running = { client, publisher, channels: new Channels(client.cluster, this.#settings, this.#logger) };
  }

  /** A broker may end in the middle of the first questions; then another one is asked, as long as there are others. */
  async #reach(client: KafkaClient): Promise<void> {
    const { bootstrap, connectTimeoutMs } = this.#settings;
    for (let left = bootstrap.length; ; left--) {
      try {
        await client.cluster.features(undefined, { timeoutMs: connectTimeoutMs });
        return await client.connect();
      } catch (reason) {
        if (left === 1 || !(reason instanceof KafkaError) || reason.code !== 'DISCONNECTED') throw reason;
      }
    }
  }

  #client(): KafkaClient {
    const { bootstrap, clientId, sasl, tls, connectTimeoutMs, requestTimeoutMs, metadataMaxAgeMs } = this.#settings;
    const options = { bootstrap, clientId, connectTimeoutMs, requestTimeoutMs, metadataMaxAgeMs };
    return new KafkaClient(
      { ...options, ...(sasl !== undefined && { sasl }) },
      {
        network: this.ports.network ?? (tls === undefined ? new NodeNetwork() : new TlsNetwork(tls)),
        clock: this.ports.clock ?? nodeClock,
        random: this.ports.random ?? nodeRandom,
        crc32c,
        compression,
        hashes: nodeScramHashes,
        logger: this.#logger,
      },
    );
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

/**
 * The engine for a broker in this process: the same bytes, over links instead of sockets. `link` gives a new connection
 * each time, whatever address is asked for.
 */
export function kafkaOverLinks(link: () => Link, options: KafkaOptions): KafkaEngine {
  return new KafkaEngine(options, { network: new LinkNetwork(link) });
}

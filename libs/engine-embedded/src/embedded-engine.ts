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
import { type KafkaEngine, type KafkaOptions, kafka } from '@trunkline/engine-kafka';
import type { EmbeddedOptions } from './options.js';

/** What engines work on: a broker in this process, or several. */
export interface EngineHost {
  /** `host:port`, several with commas between. */
  readonly bootstrap: string;
  /** A client of it, over links that are no sockets. Not started. */
  kafka(): KafkaEngine;
}

/** A host to work on, and what to do when the engine needs it no more. */
export interface Lease {
  readonly host: EngineHost;
  end(): Promise<void>;
}

/** The options of the client inside of an engine. */
export function clientOptions({ client, logger }: EmbeddedOptions, brokers: readonly string[]): KafkaOptions {
  return { ...client, ...(logger !== undefined && { logger }), brokers };
}

/** The bus on brokers in this process, spoken to as any other broker, but over links that are no sockets. */
export class EmbeddedEngine implements Engine {
  readonly name = 'embedded';
  readonly features: EngineFeatures;
  readonly messageBytesMax: number;
  readonly #lease: () => Promise<Lease>;
  #opened: { readonly lease: Lease; readonly engine: KafkaEngine } | undefined;
  #starting: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: EmbeddedOptions, lease: () => Promise<Lease>) {
    this.#lease = lease;
    // Settings are checked now, not when the engine starts; where the broker will be is not known yet.
    const { features, messageBytesMax } = kafka({ ...options.client, brokers: ['127.0.0.1:1'] });
    this.features = Object.freeze({ ...features, durable: (options.memory ?? false) === false });
    this.messageBytesMax = messageBytesMax;
  }

  /** `host:port` for other clients; of several brokers, with commas between. Undefined before the start. */
  get bootstrap(): string | undefined {
    return this.#opened?.lease.host.bootstrap;
  }

  async start(): Promise<void> {
    if (this.#isClosed) throw new TrunklineError('CLOSED', 'the engine is closed');
    this.#starting ??= this.#start();
    await this.#starting;
  }

  async ensure(channels: readonly ChannelSpec[]): Promise<void> {
    await this.#engine().ensure(channels);
  }

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return Promise.reject(this.#notRunning());
    return opened.engine.publish(messages);
  }

  async subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription> {
    return await this.#engine().subscribe(options, deliver);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting?.catch(() => {});
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined) return;
    try {
      await opened.engine.close();
    } finally {
      await opened.lease.end();
    }
  }

  async #start(): Promise<void> {
    const lease = await this.#lease();
    const engine = lease.host.kafka();
    try {
      await engine.start();
    } catch (reason) {
      await lease.end();
      throw reason;
    }
    this.#opened = { lease, engine };
  }

  #engine(): KafkaEngine {
    if (this.#opened === undefined) throw this.#notRunning();
    return this.#opened.engine;
  }

  #notRunning(): TrunklineError {
    return new TrunklineError('CLOSED', this.#isClosed ? 'the engine is closed' : 'the engine is not started');
  }
}

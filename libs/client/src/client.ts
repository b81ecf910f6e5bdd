import { Admin } from './admin/admin.js';
import type { AdminOptions } from './admin/admin-options.js';
import { KafkaCluster } from './cluster/kafka-cluster.js';
import { type ClientConfig, type ClientOptions, clientConfig } from './config.js';
import { Consumer } from './consumer/consumer.js';
import type { ConsumerOptions } from './consumer/consumer-options.js';
import type { ClientPorts } from './ports.js';
import { Producer } from './producer/producer.js';
import type { ProducerOptions } from './producer/producer-options.js';
import { ShareConsumer } from './share/share-consumer.js';
import type { ShareConsumerOptions } from './share/share-options.js';

const CLOSE_TIMEOUT_MS = 30_000;
const SWEEP_FROM = 64;

interface Part {
  close(): Promise<void>;
}

/**
 * A client of one Kafka cluster, and where its parts come from: all of them share its connections and its metadata.
 *
 * Connects when it is first needed; `connect` does so at once and says whether it works. Throws KafkaError MISUSE for
 * options that cannot be meant.
 */
export class KafkaClient {
  readonly config: ClientConfig;
  readonly cluster: KafkaCluster;
  /** Weak, so that a part that was closed and let go of is not kept for as long as the client lives. */
  #parts: WeakRef<Part>[] = [];
  #sweepAt = SWEEP_FROM;
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions, ports: ClientPorts) {
    this.config = clientConfig(options);
    this.cluster = new KafkaCluster(this.config, ports);
  }

  /** Finds the brokers. Rejects with UNREACHABLE, SASL_AUTHENTICATION_FAILED, UNSUPPORTED_BROKER, … */
  async connect(): Promise<void> {
    await this.cluster.refresh([]);
  }

  /** Whoever makes a part may close it alone; `close` of the client closes what is left. */
  producer(options: ProducerOptions = {}): Producer {
    return this.#keep(new Producer(this.cluster, options, this.config.observer));
  }

  consumer(options: ConsumerOptions = {}): Consumer {
    return this.#keep(new Consumer(this.cluster, options));
  }

  shareConsumer(options: ShareConsumerOptions): ShareConsumer {
    return this.#keep(new ShareConsumer(this.cluster, options));
  }

  admin(options: AdminOptions = {}): Admin {
    return this.#keep(new Admin(this.cluster, options));
  }

  /**
   * Closes every part in order (producers send what they hold, members leave their groups), then every connection.
   * Takes `timeoutMs` at most (default 30,000 ms); what is not done by then ends with CLOSED. Rejects never.
   */
  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const parts = this.#parts.map((part) => part.deref()).filter((part) => part !== undefined);
    const { logger } = this.cluster.ports;
    const closed = parts.map(async (part) => {
      try {
        await part.close();
      } catch (reason) {
        logger.warn('a part of the client did not close in order', { reason: String(reason) });
      }
    });
    if (closed.length > 0) {
      let isOver: () => void = () => {};
      const over = new Promise<void>((resolve) => (isOver = resolve));
      const timer = this.cluster.after(timeoutMs, isOver);
      await Promise.race([Promise.all(closed), over]);
      timer.cancel();
    }
    this.cluster.close();
  }

  #keep<P extends Part>(part: P): P {
    if (this.#parts.length >= this.#sweepAt) {
      this.#parts = this.#parts.filter((kept) => kept.deref() !== undefined);
      this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#parts.length);
    }
    this.#parts.push(new WeakRef<Part>(part));
    return part;
  }
}

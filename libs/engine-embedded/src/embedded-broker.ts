import { TrunklineError } from '@trunkline/bus';
import type { Broker } from '@trunkline/broker';
import { type KafkaEngine, kafkaOverLinks } from '@trunkline/engine-kafka';
import { type Link, silentLogger } from '@trunkline/kernel';
import { NodeDisk, NodeNetwork, nodeClock } from '@trunkline/platform';
import { EmbeddedEngine, type EngineHost, clientOptions } from './embedded-engine.js';
import { MemoryDisk } from './memory-disk.js';
import { type EmbeddedOptions, embeddedSettings } from './options.js';
import { bootstrapOf, startBroker } from './start-broker.js';

/**
 * A whole broker inside this process: the product itself, on disk or in memory, with a listener on the loopback.
 *
 * {@link embedded} has one of its own; start one by hand when several engines, or other clients, shall share it.
 */
export class EmbeddedBroker implements EngineHost {
  private constructor(
    private readonly broker: Broker,
    private readonly options: EmbeddedOptions,
    /** `host:port` for any Kafka client on this machine. */
    readonly bootstrap: string,
    readonly isDurable: boolean,
  ) {}

  /**
   * Opens the logs, recovers what a crash left, and listens. Rejects with `MISUSE` for settings that cannot be, with
   * `ENGINE_UNAVAILABLE` when the directory is in use or cannot be written, or the port is taken.
   */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedBroker> {
    const { values, memoryBytesMax } = embeddedSettings(options);
    const broker = await startBroker(values, {
      disk: memoryBytesMax === undefined ? new NodeDisk() : new MemoryDisk(memoryBytesMax),
      network: new NodeNetwork(),
      clock: nodeClock,
      logger: options.logger ?? silentLogger,
    });
    const bootstrap = bootstrapOf(broker);
    if (bootstrap !== undefined) {
      return new EmbeddedBroker(broker, options, bootstrap, memoryBytesMax === undefined);
    }
    await broker.close();
    throw new TrunklineError('MISUSE', 'embedded: listeners holds no TCP address; the bus needs one, on any free port');
  }

  /** One more engine on this broker. Closing it leaves the broker running. */
  engine(): EmbeddedEngine {
    return new EmbeddedEngine(this.options, async () => ({ host: this, end: async () => {} }));
  }

  /** What an engine works with. */
  kafka(): KafkaEngine {
    return kafkaOverLinks(() => this.link(), clientOptions(this.options, [this.bootstrap]));
  }

  /** A connection inside of the process: a client's end of it. The same bytes as over a socket. */
  link(): Link {
    return this.broker.link();
  }

  /** Ends connections, writes what is open and marks the directory as closed in order. */
  async close(): Promise<void> {
    await this.broker.close();
  }
}

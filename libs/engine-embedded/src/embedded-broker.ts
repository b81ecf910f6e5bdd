import { TrunklineError } from '@trunkline/bus';
import { Broker, ConfigFault, StartFault, brokerConfig } from '@trunkline/broker';
import { type Disk, type Link, type Logger, silentLogger } from '@trunkline/kernel';
import { NodeDisk, NodeNetwork, compression, crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import { EmbeddedEngine } from './embedded-engine.js';
import { MemoryDisk } from './memory-disk.js';
import { type EmbeddedOptions, type EmbeddedSettings, embeddedSettings } from './options.js';

/**
 * A whole broker inside this process: the product itself, on disk or in memory, with a listener on the loopback.
 *
 * {@link embedded} has one of its own; start one by hand when several engines, or other clients, shall share it.
 */
export class EmbeddedBroker {
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
    const settings = embeddedSettings(options);
    const broker = await startBroker(settings, options.logger ?? silentLogger);
    const bootstrap = bootstrapOf(broker);
    if (bootstrap !== undefined) {
      return new EmbeddedBroker(broker, options, bootstrap, settings.memoryBytesMax === undefined);
    }
    await broker.close();
    throw new TrunklineError('MISUSE', 'embedded: listeners holds no TCP address; the bus needs one, on any free port');
  }

  /** One more engine on this broker. Closing it leaves the broker running. */
  engine(): EmbeddedEngine {
    return new EmbeddedEngine(this.options, async () => ({ broker: this, end: async () => {} }));
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

async function startBroker({ values, memoryBytesMax }: EmbeddedSettings, logger: Logger): Promise<Broker> {
  const disk: Disk = memoryBytesMax === undefined ? new NodeDisk() : new MemoryDisk(memoryBytesMax);
  try {
    return await Broker.start({
      config: brokerConfig([{ origin: 'embedded', values }]),
      disk,
      network: new NodeNetwork(),
      clock: nodeClock,
      random: nodeRandom,
      logger,
      crc32c,
      compression,
      defer: setImmediate,
    });
  } catch (reason) {
    if (reason instanceof ConfigFault) throw new TrunklineError('MISUSE', reason.message, { cause: reason });
    if (reason instanceof StartFault) throw new TrunklineError('ENGINE_UNAVAILABLE', reason.message, { cause: reason });
    throw reason;
  }
}

const ANY_HOST = new Set(['', '0.0.0.0', '::']);

function bootstrapOf(broker: Broker): string | undefined {
  for (const { address } of broker.addresses) {
    if ('path' in address) continue;
    const host = ANY_HOST.has(address.host) ? '127.0.0.1' : address.host;
    return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  }
  return undefined;
}

import { type Broker, firstDirectoryId, formatDirectory, readMetaProperties } from '@trunkline/broker';
import { type Disk, type Logger, nodeId, silentLogger } from '@trunkline/kernel';
import { NodeDisk, NodeLife, nodeClock, nodeRandom } from '@trunkline/platform';
import { MemoryDisk } from '../memory-disk.js';
import type { EmbeddedClusterOptions, EmbeddedSettings } from '../options.js';
import { asStartError, startBroker } from '../start-broker.js';
import type { ClusterNetwork } from './cluster-network.js';
import { nameOf, nodeSettings, votes } from './cluster-settings.js';

/** Which cluster a node's directory is given to. */
export interface Belonging {
  readonly clusterId: string;
  /** The cluster is new: its voters' directories are the first ones. Any later one is another replica (KIP-853). */
  readonly isNew: boolean;
}

interface Running {
  readonly broker: Broker;
  readonly life: NodeLife;
}

/** One node of a cluster in the process, through its lives. */
export class EmbeddedNode {
  readonly id: number;
  readonly #options: EmbeddedClusterOptions;
  readonly #settings: EmbeddedSettings;
  readonly #network: ClusterNetwork;
  readonly #logger: Logger;
  #disk: Disk;
  #running: Running | undefined;
  /** Of a node that is about to run. */
  #starting: NodeLife | undefined;

  constructor(id: number, options: EmbeddedClusterOptions, network: ClusterNetwork) {
    this.id = id;
    this.#options = options;
    this.#settings = nodeSettings(options, id);
    this.#network = network;
    this.#logger = options.logger ?? silentLogger;
    this.#disk = this.#newDisk();
  }

  /** Undefined: it does not run. */
  get broker(): Broker | undefined {
    return this.#running?.broker;
  }

  /** The cluster that its directory belongs to. Undefined: to none yet. */
  async clusterId(): Promise<string | undefined> {
    await this.#disk.makeDir(this.#settings.dataDir);
    return (await readMetaProperties(this.#disk, this.#settings.dataDir))?.clusterId;
  }

  /** Resolves once it serves and the cluster has let it in. */
  async start(belonging: Belonging): Promise<void> {
    await this.#format(belonging);
    const life = new NodeLife();
    const name = nameOf(this.id);
    this.#starting = life;
    try {
      const broker = await startBroker(this.#settings.values, {
        disk: life.disk(this.#disk),
        network: this.#network.of(name),
        clock: life.clock(nodeClock),
        logger: this.#logger,
        clusterId: belonging.clusterId,
        onDefect: (defect) => {
          if (!life.ended) queueMicrotask(() => raise(defect));
        },
        onEnded: ({ message }) => {
          this.#logger.error(`node ${this.id} ends: ${message}`);
          void this.#network.kill(name);
          if (this.#running?.life === life) this.#running = undefined;
        },
      });
      if (!life.ended) this.#running = { broker, life };
    } catch (reason) {
      await this.#network.kill(name);
      await life.end();
      throw reason;
    } finally {
      if (this.#starting === life) this.#starting = undefined;
    }
  }

  /** In order: leaders move away first, everything is on disk. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.broker.close();
    await Promise.all([this.#network.kill(nameOf(this.id)), running.life.end()]);
  }

  /** As by SIGKILL; in the middle of its start, too, which then never ends. */
  async crash(): Promise<void> {
    const life = this.#running?.life ?? this.#starting;
    this.#running = undefined;
    this.#starting = undefined;
    if (life === undefined) return;
    await Promise.all([this.#network.kill(nameOf(this.id)), life.end()]);
  }

  /** Empties the directory of a node that does not run. */
  async wipe(): Promise<void> {
    if (this.#settings.memoryBytesMax === undefined) await this.#disk.remove(this.#settings.dataDir);
    else this.#disk = this.#newDisk();
  }

  async #format({ clusterId, isNew }: Belonging): Promise<void> {
    const id = nodeId(this.id);
    if ((await this.clusterId()) !== undefined) return;
    const isFirst = isNew && votes(this.#options, this.id);
    const directoryId = isFirst ? firstDirectoryId(clusterId, id) : nodeRandom.uuid();
    try {
      await formatDirectory(this.#disk, this.#settings.dataDir, { clusterId, nodeId: id, directoryId });
    } catch (reason) {
      throw asStartError(reason);
    }
  }

  #newDisk(): Disk {
    const { memoryBytesMax } = this.#settings;
    return memoryBytesMax === undefined ? new NodeDisk() : new MemoryDisk(memoryBytesMax);
  }
}

function raise(defect: Error): never {
  throw defect;
}

import {
  ApiError,
  asError,
  type Clock,
  type Compression,
  type Crc32c,
  type Disk,
  type Logger,
  type Random,
  type Uuid,
} from '@trunkline/kernel';
import { LogManager } from '@trunkline/log';
import type { MetadataManager, ProducerIdBlock } from '@trunkline/metadata';
import { AllocateProducerIds, errorName } from '@trunkline/protocol';
import type { BrokerConfig } from './config.js';
import { Fetches } from './fetch/fetches.js';
import { nearestReplica } from './fetch/nearest-replica.js';
import { MemoryBudget } from './server/memory-budget.js';
import type { ControllerChannel } from './peers/controller-channel.js';
import type { Peers } from './peers/peers.js';
import { ProducerIds } from './producer-ids.js';
import { Delayed } from './replica/delayed.js';
import { ReplicaManager } from './replica/replica-manager.js';
import { Replication, type ReplicationPeers } from './replica/replication.js';
import { replicationSettings } from './replica/replication-settings.js';

export interface DataPathOptions {
  readonly config: BrokerConfig;
  readonly metadata: MetadataManager;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  readonly peers: Peers;
  readonly controllerChannel: ControllerChannel;
}

/** How long a producer waits here for a block of ids: after that it asks another broker, which may reach the controller. */
const ALLOCATE_MS_MAX = 1_000;

/** Everything that records pass through on their way in and out, put together. */
export class DataPath {
  readonly replicas: ReplicaManager;
  readonly delayed: Delayed;
  readonly fetches: Fetches;
  readonly producerIds: ProducerIds;
  #replication: Replication | undefined;
  #ownEpoch: (() => bigint) | undefined;

  private constructor(
    private readonly options: DataPathOptions,
    private readonly logs: LogManager,
  ) {
    const { config, metadata, clock, random, logger } = options;
    const { nodeId, statics } = config;
    const { lagMaxMs } = replicationSettings(config);
    const isHeld = !config.cluster.isAlone;
    this.replicas = new ReplicaManager({ nodeId, clock, lagMaxMs, statics, logs, logger, isHeld });
    this.delayed = new Delayed(clock);
    this.fetches = new Fetches({
      clock,
      random,
      replicas: this.replicas,
      delayed: this.delayed,
      bytesMax: config.integer('fetch.max.bytes'),
      memory: new MemoryBudget(config.limits.queuedResponseBytesMax),
      sessionSlotsMax: config.integer('max.incremental.fetch.session.cache.slots'),
      nearest: (...of) => nearestReplica(metadata.image, ...of),
    });
    this.producerIds = new ProducerIds(() => this.#allocateProducerIds());
  }

  /** Opens the logs of the partitions that the metadata gives to this node, and follows it from then on. */
  static async open(options: DataPathOptions): Promise<DataPath> {
    const { config, metadata } = options;
    const logs = await LogManager.open({
      ...options,
      dir: config.dataDir,
      config: {
        retentionCheckMs: config.integer('log.retention.check.interval.ms'),
        checkpointMs: config.integer('log.flush.offset.checkpoint.interval.ms'),
      },
    });
    const path = new DataPath(options, logs);
    await metadata.subscribe((delta, image) => path.replicas.apply(delta, image));
    return path;
  }

  /**
   * Begins to lead, to copy partitions and to propose ISRs: once the broker of a cluster is registered and its metadata
   * holds that, and under that epoch (C29, KIP-903). Resolves when partitions are led.
   */
  async replicate(world: ReplicationPeers): Promise<void> {
    const { config, clock, crc32c, logger } = this.options;
    const settings = replicationSettings(config);
    const { replicas } = this;
    const { nodeId } = config;
    this.#ownEpoch = world.brokerEpoch;
    this.#replication = new Replication({ ...world, nodeId, replicas, clock, crc32c, logger, settings });
    await replicas.release();
  }

  async #allocateProducerIds(): Promise<ProducerIdBlock> {
    const { metadata, config, controllerChannel } = this.options;
    const brokerEpoch = metadata.image.brokers.get(config.nodeId)?.epoch ?? -1n;
    const request = { brokerId: config.nodeId, brokerEpoch };
    const told = await controllerChannel.ask(AllocateProducerIds, request, ALLOCATE_MS_MAX);
    if (told.errorCode !== 0) throw new ApiError(errorName(told.errorCode), 'no producer ids are given');
    return { first: told.producerIdStart, size: BigInt(told.producerIdLen) };
  }

  /**
   * Directories that are not to be trusted any more: this one, once a log in it could not be written (as in Kafka). Others
   * lead then, and nothing is copied to it until the next start.
   */
  offlineDirs(directoryId: Uuid): readonly Uuid[] {
    if (!this.logs.hasFailed) return [];
    this.#replication?.close();
    return [directoryId];
  }

  /** How the last uptime ended, as the directory proves; undefined: not in order. */
  get lastStop(): LogManager['lastStop'] {
    return this.logs.lastStop;
  }

  /**
   * Sets aside data of replicas that are not here any more: a crash was quicker than their deletion. Only once the metadata is whole: before that every
   * topic would look deleted. It is in nobody's way, so this failing stops nothing.
   */
  async setAsideStrays(): Promise<void> {
    const { metadata, logger, config } = this.options;
    const { topics } = metadata.image;
    try {
      const strays = await this.logs.setAsideStrays((topicId, partition) => {
        const replicas = topics.byId(topicId as Uuid)?.partitions[partition]?.replicas;
        return replicas?.includes(config.nodeId) === true;
      });
      for (const dir of strays) logger.warn('set aside the data of a topic that is gone', { dir });
    } catch (reason) {
      logger.error(`data of topics that are gone could not be looked for: ${asError(reason).message}`);
    }
  }

  /** Ends what still waits, then closes the logs with everything on disk, and leaves the clean marker. */
  async close(): Promise<void> {
    const { metadata, config } = this.options;
    this.#replication?.close();
    this.delayed.close();
    this.replicas.close();
    // Not what the metadata says where this broker knows better: the id may be another process' by now (C40).
    const epoch = this.#ownEpoch?.() ?? metadata.image.brokers.get(config.nodeId)?.epoch ?? -1n;
    await this.logs.close(Number(epoch));
  }
}

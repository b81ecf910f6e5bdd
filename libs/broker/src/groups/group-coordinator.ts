import {
  ApiError,
  type Clock,
  type Compression,
  type Crc32c,
  type Logger,
  type NodeId,
  asError,
} from '@trunkline/kernel';
import { type GroupInput, type GroupRecord, GroupShard, ShardRuntime, groupRecordCodec } from '@trunkline/coordinator';
import {
  type MetadataDelta,
  type MetadataImage,
  type MetadataManager,
  OFFSETS_TOPIC,
  type TopicAutoCreation,
  type TopicImage,
} from '@trunkline/metadata';
import { partitionOfGroup } from '@trunkline/protocol';
import type { BrokerConfig } from '../config.js';
import type { ReplicaManager } from '../replica/replica-manager.js';
import { groupConfigOf, shardRuntimeConfigOf } from './group-settings.js';
import { PartitionShardLog } from './partition-shard-log.js';

export interface GroupCoordinatorOptions {
  readonly config: BrokerConfig;
  readonly metadata: MetadataManager;
  /** Makes the topic of groups. */
  readonly autoTopics: TopicAutoCreation;
  readonly replicas: ReplicaManager;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
}

export type GroupShardRuntime = ShardRuntime<GroupInput, GroupRecord, GroupShard>;

/** Where a group's coordinator is, for clients. */
export interface CoordinatorEndpoint {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
}

/** A log of this size is loaded while whoever made, or started, something waits; a larger one in the background. */
const AWAITED_LOG_BYTES_MAX = 1024 * 1024;

interface RunningShard {
  readonly leaderEpoch: number;
  readonly runtime: GroupShardRuntime;
}

/**
 * The consumer groups that this node coordinates: one shard for each partition of `__consumer_offsets` that it leads.
 *
 * Follows the metadata behind the replica manager, so that a partition's log is open before its shard is loaded.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #shards = new Map<number, RunningShard>();
  #closed = false;

  private constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  /** Starts to load what this node leads, and follows the metadata from then on. Loading goes on afterwards. */
  static async open(options: GroupCoordinatorOptions): Promise<GroupCoordinator> {
    const coordinator = new GroupCoordinator(options);
    await options.metadata.subscribe((delta, image) => coordinator.#apply(delta, image));
    return coordinator;
  }

  /** The shard of a group. Throws ApiError NOT_COORDINATOR when it is not here. */
  shardOf(groupId: string): GroupShardRuntime {
    const partitionCount = this.#topic?.partitions.length ?? 0;
    const shard = partitionCount === 0 ? undefined : this.#shards.get(partitionOfGroup(groupId, partitionCount));
    if (shard === undefined) throw new ApiError('NOT_COORDINATOR', 'this node does not coordinate the group');
    return shard.runtime;
  }

  /** All shards of this node. */
  shards(): readonly GroupShardRuntime[] {
    return [...this.#shards.values()].map(({ runtime }) => runtime);
  }

  /**
   * Where a group's coordinator is on a listener. The first question makes the topic and is answered like any other.
   * Rejects with COORDINATOR_NOT_AVAILABLE while nobody leads the group's partition.
   */
  async find(groupId: string, listenerName: string): Promise<CoordinatorEndpoint> {
    const { partitions } = await this.#ensureTopic();
    const leader = partitions[partitionOfGroup(groupId, partitions.length)]?.leader;
    const broker = leader === undefined ? undefined : this.#options.metadata.image.brokers.get(leader);
    const endPoint = broker?.endPoints.find(({ name }) => name === listenerName);
    if (broker === undefined || broker.fenced || endPoint === undefined) {
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', 'the group has no coordinator now');
    }
    return { nodeId: broker.id, host: endPoint.host, port: endPoint.port };
  }

  /** The broker stops: who waits for other members is told NOT_COORDINATOR, what is being written is finished. */
  drain(): void {
    for (const { runtime } of this.#shards.values()) runtime.drain();
  }

  /** Who waits is told NOT_COORDINATOR. */
  close(): void {
    this.#closed = true;
    for (const index of this.#shards.keys()) this.#stop(index);
  }

  get #topic(): TopicImage | undefined {
    return this.#options.metadata.image.topics.byName(OFFSETS_TOPIC);
  }

  async #ensureTopic(): Promise<TopicImage> {
    if (this.#topic === undefined) {
      await this.#options.autoTopics.createOffsetsTopic().catch((reason: unknown) => {
        throw new ApiError('COORDINATOR_NOT_AVAILABLE', asError(reason).message, { cause: reason });
      });
    }
    if (this.#topic === undefined) throw new ApiError('COORDINATOR_NOT_AVAILABLE', `${OFFSETS_TOPIC} is not there yet`);
    return this.#topic;
  }

  async #apply(delta: MetadataDelta, image: MetadataImage): Promise<void> {
    if (this.#closed) return;
    const deleted = new Set(delta.deletedTopics.map(({ name }) => name));
    if (deleted.delete(OFFSETS_TOPIC)) for (const index of this.#shards.keys()) this.#stop(index);
    const isTouched =
      delta.createdTopics.some(({ name }) => name === OFFSETS_TOPIC) ||
      delta.changedTopics.some(({ after }) => after.name === OFFSETS_TOPIC);
    if (isTouched) await this.#place(image);
    if (deleted.size > 0) await this.#forget(deleted);
  }

  /** Shards where this node leads, none where it does not; a new reign begins with a new shard. */
  async #place(image: MetadataImage): Promise<void> {
    const loading: Promise<void>[] = [];
    for (const { index, leader, leaderEpoch } of image.topics.byName(OFFSETS_TOPIC)?.partitions ?? []) {
      const leads = leader === this.#options.config.nodeId;
      if (leads && this.#shards.get(index)?.leaderEpoch === leaderEpoch) continue;
      this.#stop(index);
      if (leads) loading.push(this.#start(index, leaderEpoch));
    }
    await Promise.all(loading);
  }

  /** Resolves when the shard is loaded, or at once when there is so much to load that nobody should wait for it. */
  async #start(index: number, leaderEpoch: number): Promise<void> {
    const { config, replicas, clock, logger, crc32c, compression } = this.#options;
    const partition = replicas.partition(OFFSETS_TOPIC, index);
    if (partition === undefined) return; // Its log is offline, and said so.
    const log = new PartitionShardLog(partition, crc32c, compression);
    const groupConfig = groupConfigOf(config);
    const runtime: GroupShardRuntime = new ShardRuntime({
      name: partition.name,
      config: shardRuntimeConfigOf(config),
      clock,
      logger,
      log,
      codec: groupRecordCodec,
      create: () => new GroupShard(groupConfig),
    });
    this.#shards.set(index, { leaderEpoch, runtime });
    const loading = runtime.load();
    if (partition.log.sizeBytes <= AWAITED_LOG_BYTES_MAX) await loading;
  }

  #stop(index: number): void {
    this.#shards.get(index)?.runtime.close();
    this.#shards.delete(index);
  }

  /** Offsets of topics that are gone go, too. A shard that is loading or late is left to their expiry. */
  async #forget(topics: ReadonlySet<string>): Promise<void> {
    const forgetting: Promise<void>[] = [];
    for (const { runtime } of this.#shards.values()) {
      if (!runtime.isLoaded) continue;
      for (const groupId of runtime.machine.groupsWithOffsetsOf(topics)) {
        const request = { groupId, topics };
        forgetting.push(runtime.submit((reply) => ({ kind: 'forget-topics', request, reply })));
      }
    }
    await Promise.allSettled(forgetting);
  }
}

import {
  ApiError,
  asError,
  type Clock,
  epoch,
  Lane,
  type Logger,
  type NodeId,
  type Offset,
  type Uuid,
  ZERO_UUID,
} from '@trunkline/kernel';
import type { Log, LogConfig, LogIdentity } from '@trunkline/log';
import {
  CONFIG_RESOURCE_TYPES,
  type MetadataDelta,
  type MetadataImage,
  type PartitionImage,
  type StaticBrokerConfig,
  topicConfigOf,
  type TopicConfig,
  type TopicImage,
} from '@trunkline/metadata';
import type { ErrorName } from '@trunkline/protocol';
import { UNKNOWN_BROKER_EPOCH } from './isr.js';
import { Partition } from './partition.js';
import type { PartitionState, Proposing, ReplicationWorld } from './partition-parts.js';

/** Where the logs are: opened once each, deleted with their topic. The log lib's manager is one. */
export interface LogStore {
  /** The log that is there, or a new one. Rejects when it cannot be used: the text says why. */
  openLog(identity: LogIdentity, config: LogConfig): Promise<Log>;
  deleteLog(identity: LogIdentity): Promise<void>;
  /** How far the last uptime knew a partition to be committed. */
  knownWatermark(identity: LogIdentity): Offset | undefined;
  writeWatermarks(known: readonly { readonly identity: LogIdentity; readonly highWatermark: Offset }[]): Promise<void>;
  /** The directory that holds them all, as clients are told. */
  readonly dir: string;
  /** Bytes that are left on its volume, and the volume's size. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** What happens with the replicas of a node whose partitions have several. */
export interface ReplicaListener {
  /** A leader has an ISR to propose. */
  hasProposal(partition: Proposing): void;
  /** The partition was opened, or its role on this node may be another. */
  placed(partition: Partition): void;
}

export interface ReplicaManagerOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  /** replica.lag.time.max.ms */
  readonly lagMaxMs: number;
  readonly statics: StaticBrokerConfig;
  readonly logs: LogStore;
  readonly logger: Logger;
  /**
   * Nobody leads or follows here before {@link ReplicaManager.release}. For a node with others: until it is registered,
   * what its metadata says of its leadership may be of an uptime whose records are lost (C29).
   */
  readonly isHeld?: boolean;
}

/** A replica that should be here, and cannot be served: its log does not open. */
interface Offline {
  readonly offline: ApiError;
}

interface HostedTopic {
  readonly name: string;
  readonly id: Uuid;
  config: TopicConfig;
  readonly partitions: (Partition | Offline | undefined)[];
}

const NOBODY = -1 as NodeId;
const TURNS_MAX = 1000;

/** Logs that are opened at once when a node starts: enough to keep a disk busy, few enough to leave it its order. */
const OPENED_AT_ONCE = 16;

/**
 * The partitions of which this node holds a replica. It follows the metadata: logs are open, and partitions led, when
 * {@link apply} resolves, so a topic is usable as soon as its creation is answered.
 *
 * What fails for one partition (a log that does not open) is that partition's state; all others live.
 */
export class ReplicaManager {
  readonly #byName = new Map<string, HostedTopic>();
  readonly #byId = new Map<Uuid, HostedTopic>();

  readonly #world: ReplicationWorld;
  #image: MetadataImage | undefined;
  #listener: ReplicaListener | undefined;
  #isHeld: boolean;
  /** Metadata is taken in, one image after the other. */
  readonly #lane = new Lane('replicas', TURNS_MAX);

  constructor(private readonly options: ReplicaManagerOptions) {
    const { nodeId, clock, lagMaxMs, isHeld = false } = options;
    this.#isHeld = isHeld;
    this.#world = {
      nodeId,
      lagMaxMs,
      monotonicMs: () => clock.monotonicMs(),
      brokerEpoch: () => this.#image?.brokers.get(nodeId)?.epoch ?? UNKNOWN_BROKER_EPOCH,
      eligibleEpoch: (id) => this.#eligibleEpoch(id),
      hasProposal: (partition) => this.#listener?.hasProposal(partition),
    };
  }

  /** Tells `listener` from now on; of every partition that is here it is told at once. */
  listen(listener: ReplicaListener): void {
    this.#listener = listener;
    for (const partition of this.partitions()) {
      listener.placed(partition);
      if (partition.replication?.hasProposal === true) listener.hasProposal(partition);
    }
  }

  /** Where the logs are. */
  get logs(): LogStore {
    return this.options.logs;
  }

  /** A partition of this node, or undefined when there is none or its log is unusable. */
  partition(topic: string, index: number): Partition | undefined {
    const found = this.#byName.get(topic)?.partitions[index];
    return found instanceof Partition ? found : undefined;
  }

  partitionById(topicId: Uuid, index: number): Partition | undefined {
    const found = this.#byId.get(topicId)?.partitions[index];
    return found instanceof Partition ? found : undefined;
  }

  /** All partitions that are served here. */
  *partitions(): Generator<Partition, void, void> {
    for (const { partitions } of this.#byName.values()) {
      for (const found of partitions) if (found instanceof Partition) yield found;
    }
  }

  /** The partition, or the error that a request for it gets. */
  find(topic: string, index: number): Partition | ErrorName {
    const found = this.#byName.get(topic)?.partitions[index];
    if (found instanceof Partition) return found;
    return found === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'KAFKA_STORAGE_ERROR';
  }

  /** As {@link find}, by the topic's id: a topic with that id that is not there is UNKNOWN_TOPIC_ID. */
  findById(topicId: Uuid, index: number): Partition | ErrorName {
    const topic = this.#byId.get(topicId);
    if (topic === undefined) return 'UNKNOWN_TOPIC_ID';
    const found = topic.partitions[index];
    if (found instanceof Partition) return found;
    return found === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'KAFKA_STORAGE_ERROR';
  }

  /** By id where there is one (new versions), else by name (old ones). */
  locate(topic: string, topicId: Uuid, index: number): Partition | ErrorName {
    return topicId === ZERO_UUID && topic !== '' ? this.find(topic, index) : this.findById(topicId, index);
  }

  /** The partition, for APIs that go by name. Throws ApiError UNKNOWN_TOPIC_OR_PARTITION or KAFKA_STORAGE_ERROR. */
  mustFind(topic: string, index: number): Partition {
    const found = this.find(topic, index);
    if (typeof found === 'string') throw new ApiError(found, `there is no ${topic}-${index} here`);
    return found;
  }

  /** What a topic of this name is known by. */
  topicId(topic: string): Uuid | undefined {
    return this.#byName.get(topic)?.id;
  }

  topicName(topicId: Uuid): string | undefined {
    return this.#byId.get(topicId)?.name;
  }

  /** Takes in what the metadata says. Never rejects for the fault of one partition. */
  apply(delta: MetadataDelta, image: MetadataImage): Promise<void> {
    return this.#lane.run(() => this.#apply(delta, image));
  }

  /** From now on partitions are led and followed as the metadata says; resolves when all that are here are. */
  release(): Promise<void> {
    return this.#lane.run(async () => {
      this.#isHeld = false;
      const tasks: (() => Promise<void>)[] = [];
      for (const [id, hosted] of this.#byId) {
        for (const partition of this.#image?.topics.byId(id)?.partitions ?? []) {
          if (hosted.partitions[partition.index] !== undefined) tasks.push(() => this.#place(hosted, partition));
        }
      }
      await atMost(OPENED_AT_ONCE, tasks);
    });
  }

  async #apply(delta: MetadataDelta, image: MetadataImage): Promise<void> {
    this.#image = image;
    for (const topic of delta.deletedTopics) await this.#delete(topic);
    const tasks: (() => Promise<void>)[] = [];
    for (const topic of delta.createdTopics) {
      const hosted = this.#host(topic, image);
      for (const partition of topic.partitions) tasks.push(() => this.#place(hosted, partition));
    }
    for (const { after, partitions } of delta.changedTopics) {
      const hosted = this.#byId.get(after.id) ?? this.#host(after, image);
      for (const index of partitions) tasks.push(() => this.#place(hosted, after.partitions[index]!));
    }
    await atMost(OPENED_AT_ONCE, tasks);
    this.#reconfigure(delta, image);
    if (delta.changedBrokers.length > 0) this.tick();
  }

  /** Lets leaders look which of their followers lag. To be called every now and then. */
  tick(): void {
    for (const partition of this.partitions()) partition.tick();
  }

  /** Notes for the next uptime how far partitions with several replicas are committed. */
  async writeWatermarks(): Promise<void> {
    const known: { identity: LogIdentity; highWatermark: Offset }[] = [];
    for (const { topic, topicId, index, isReplicated, highWatermark } of this.partitions()) {
      if (isReplicated) known.push({ identity: { topic, topicId, partition: index }, highWatermark });
    }
    if (known.length > 0) await this.options.logs.writeWatermarks(known);
  }

  /** Ends all waits with an answer, for a stop of the broker. The logs are closed by who opened them. */
  close(): void {
    for (const partition of this.partitions()) partition.close();
  }

  /** Of a broker that may be in an ISR: neither fenced nor about to stop (KIP-841). */
  #eligibleEpoch(id: NodeId): bigint | undefined {
    const broker = this.#image?.brokers.get(id);
    return broker === undefined || broker.fenced || broker.inControlledShutdown ? undefined : broker.epoch;
  }

  #host(topic: TopicImage, image: MetadataImage): HostedTopic {
    const config = topicConfigOf(image, this.options.statics, topic.name);
    const hosted: HostedTopic = { name: topic.name, id: topic.id, config, partitions: [] };
    this.#byName.set(topic.name, hosted);
    this.#byId.set(topic.id, hosted);
    return hosted;
  }

  async #place(topic: HostedTopic, partition: PartitionImage): Promise<void> {
    const { nodeId, logger } = this.options;
    const found = topic.partitions[partition.index];
    if (!partition.replicas.includes(nodeId)) return found && this.#remove(topic, partition.index);
    const told = stateOf(partition);
    const state = this.#isHeld ? { ...told, leader: NOBODY } : told;
    try {
      if (found instanceof Partition) await found.become(state);
      else topic.partitions[partition.index] = await this.#open(topic, partition.index, state);
      this.#listener?.placed(topic.partitions[partition.index] as Partition);
    } catch (reason) {
      const { message } = asError(reason);
      logger.error(`${topic.name}-${partition.index} is offline: ${message}`);
      if (found instanceof Partition) return;
      topic.partitions[partition.index] = { offline: new ApiError('KAFKA_STORAGE_ERROR', message, { cause: reason }) };
    }
  }

  /** The controller has taken the replica from this node: nothing of it is needed here any more. */
  async #remove({ name, id, partitions }: HostedTopic, index: number): Promise<void> {
    const found = partitions[index];
    partitions[index] = undefined;
    if (found instanceof Partition) await found.leave();
    await this.#deleteLog({ topic: name, topicId: id, partition: index });
  }

  async #deleteLog(identity: LogIdentity): Promise<void> {
    try {
      await this.options.logs.deleteLog(identity);
    } catch (reason) {
      this.options.logger.error(
        `${identity.topic}-${identity.partition} could not be deleted: ${asError(reason).message}`,
      );
    }
  }

  async #open({ name, id, config }: HostedTopic, index: number, state: PartitionState): Promise<Partition> {
    const identity = { topic: name, topicId: id, partition: index };
    const { logs } = this.options;
    const log = await logs.openLog(identity, config);
    const knownWatermark = logs.knownWatermark(identity);
    const parts = { topic: name, topicId: id, index, log, config, world: this.#world };
    return Partition.open({ ...parts, ...(knownWatermark === undefined ? {} : { knownWatermark }) }, state);
  }

  async #delete({ name, id, partitions }: TopicImage): Promise<void> {
    const hosted = this.#byId.get(id);
    if (hosted === undefined) return;
    this.#byId.delete(id);
    if (this.#byName.get(name) === hosted) this.#byName.delete(name);
    for (const found of hosted.partitions) if (found instanceof Partition) found.delete();
    for (const { index } of partitions) {
      if (hosted.partitions[index] === undefined) continue;
      await this.#deleteLog({ topic: name, topicId: id, partition: index });
    }
  }

  #reconfigure({ changedConfigs }: MetadataDelta, image: MetadataImage): void {
    const changed = new Set<HostedTopic>();
    for (const { type, name } of changedConfigs) {
      const topic = type === CONFIG_RESOURCE_TYPES.topic ? this.#byName.get(name) : undefined;
      if (topic !== undefined) changed.add(topic);
      if (type === CONFIG_RESOURCE_TYPES.broker) for (const each of this.#byName.values()) changed.add(each);
    }
    for (const topic of changed) {
      topic.config = topicConfigOf(image, this.options.statics, topic.name);
      for (const found of topic.partitions) if (found instanceof Partition) found.reconfigure(topic.config);
    }
  }
}

function stateOf({ leader, leaderEpoch, partitionEpoch, replicas, isr }: PartitionImage): PartitionState {
  return { leaderEpoch: epoch(leaderEpoch), partitionEpoch, leader, replicas, isr };
}

/** Runs all tasks, so many at a time. */
async function atMost(limit: number, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < tasks.length) await tasks[next++]!();
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, worker));
}

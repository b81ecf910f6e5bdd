import type { NodeId, Offset, Uuid } from '@trunkline/kernel';
import type { PersistentMap } from './persistent-map.js';
import type { ConfigResourceType, Endpoint, FeatureRange, LeaderRecoveryState } from './records.js';

/** A partition at one moment. Never changed: a newer image holds a newer one. */
export interface PartitionImage {
  readonly index: number;
  /** The first is the preferred leader. */
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
  /** -1: none. */
  readonly leader: NodeId;
  readonly leaderRecoveryState: LeaderRecoveryState;
  /** Rises with each leader, and when replicas leave the assignment; not when the ISR alone changes (KAFKA-13790). */
  readonly leaderEpoch: number;
  /** Rises with each change. */
  readonly partitionEpoch: number;
  /** The log directory of each replica, in their order. */
  readonly directories: readonly Uuid[];
  /** Eligible leader replicas: not in sync, but with everything that was committed (KIP-966). Never in the ISR too. */
  readonly elr: readonly NodeId[];
  /** Of a partition without leader: who led it last. */
  readonly lastKnownElr: readonly NodeId[];
}

/** A topic at one moment. */
export interface TopicImage {
  readonly name: string;
  readonly id: Uuid;
  /** By index; there are no holes. */
  readonly partitions: readonly PartitionImage[];
}

/** A broker at one moment. */
export interface BrokerImage {
  readonly id: NodeId;
  readonly epoch: bigint;
  readonly incarnationId: Uuid;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly Uuid[];
}

/** The topics at one moment. */
export interface TopicsImage extends Iterable<TopicImage> {
  readonly size: number;
  /** Partitions of all topics together. */
  readonly partitionCount: number;
  byName(name: string): TopicImage | undefined;
  byId(id: Uuid): TopicImage | undefined;
}

/** The configs that were set on something: only what was set, no defaults. */
export type ConfigMap = ReadonlyMap<string, string>;

/** What carries configs. The name of a broker is its id; the empty name is the default of all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

/** The configs at one moment. */
export interface ConfigsImage {
  /** What was set on a resource; an empty map when nothing was. */
  of(type: ConfigResourceType, name: string): ConfigMap;
  /** Resources of a type on which something was set. */
  names(type: ConfigResourceType): readonly string[];
}

/**
 * The cluster's metadata at one offset of the metadata log. Immutable, and shares what did not change with the images
 * before it; keep it as long as you like.
 */
export interface MetadataImage {
  /** Everything below this offset of the metadata log is in. */
  readonly endOffset: Offset;
  /** In Kafka's text form. */
  readonly clusterId: string;
  readonly topics: TopicsImage;
  readonly brokers: ReadonlyMap<NodeId, BrokerImage>;
  readonly configs: ConfigsImage;
  /** Levels the cluster has agreed upon. */
  readonly features: ReadonlyMap<string, number>;
  /** The first producer id that nobody has been given. */
  readonly nextProducerId: bigint;
}

/** The topics of an image, over two persistent maps. */
export class TopicsByNameAndId implements TopicsImage {
  constructor(
    readonly named: PersistentMap<TopicImage>,
    readonly identified: PersistentMap<TopicImage>,
    readonly partitionCount: number,
  ) {}

  get size(): number {
    return this.named.size;
  }

  byName(name: string): TopicImage | undefined {
    return this.named.get(name);
  }

  byId(id: Uuid): TopicImage | undefined {
    return this.identified.get(id);
  }

  [Symbol.iterator](): Iterator<TopicImage> {
    return this.named.values();
  }
}

const NOTHING_SET: ConfigMap = new Map();

/** The configs of an image, over one persistent map whose keys are made of type and name. */
export class ConfigsByResource implements ConfigsImage {
  constructor(readonly set: PersistentMap<ConfigMap>) {}

  of(type: ConfigResourceType, name: string): ConfigMap {
    return this.set.get(configKey(type, name)) ?? NOTHING_SET;
  }

  names(type: ConfigResourceType): readonly string[] {
    const prefix = configKey(type, '');
    return [...this.set.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  *[Symbol.iterator](): IterableIterator<readonly [ConfigResource, ConfigMap]> {
    for (const [key, configs] of this.set) yield [resourceOf(key), configs];
  }
}

/** The key of a resource's configs inside {@link ConfigsByResource}. */
export function configKey(type: ConfigResourceType, name: string): string {
  return `${type}:${name}`;
}

/** The resource of a key that {@link configKey} made. */
export function resourceOf(key: string): ConfigResource {
  const colon = key.indexOf(':');
  return { type: Number(key.slice(0, colon)) as ConfigResourceType, name: key.slice(colon + 1) };
}

/** Where a broker is reached by clients of a listener; undefined when it has no such listener (LISTENER_NOT_FOUND). */
export function endPointOf(broker: BrokerImage, listenerName: string): Endpoint | undefined {
  return broker.endPoints.find(({ name }) => name === listenerName);
}

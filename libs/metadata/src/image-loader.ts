import { invariant, offset, type NodeId, type Offset, type Uuid } from '@trunkline/kernel';
import type { MetadataDelta, TopicChange } from './delta.js';
import {
  ConfigsByResource,
  TopicsByNameAndId,
  configKey,
  resourceOf,
  type BrokerImage,
  type ConfigMap,
  type ConfigResource,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.js';
import { brokerOf, changedBroker, changedPartition, partitionOf, withoutElr } from './image-parts.js';
import { PersistentMap } from './persistent-map.js';
import { CONFIG_RESOURCE_TYPES, type ConfigRecord, type MetadataRecord } from './records.js';

/** A step from one image to the next. */
export interface ImageStep {
  readonly image: LoadedImage;
  readonly delta: MetadataDelta;
}

/** An image whose parts can be stepped forward. */
export interface LoadedImage extends MetadataImage {
  readonly topics: TopicsByNameAndId;
  readonly configs: ConfigsByResource;
}

/** The image of an empty log. */
export function emptyImage(clusterId: string): LoadedImage {
  return {
    endOffset: offset(0),
    clusterId,
    topics: new TopicsByNameAndId(PersistentMap.empty(), PersistentMap.empty(), 0),
    brokers: new Map(),
    configs: new ConfigsByResource(PersistentMap.empty()),
    features: new Map(),
    nextProducerId: 0n,
  };
}

/**
 * The image after some records, and what they changed. Costs what changed, not what is there.
 *
 * The records come out of the log, so they fit the image: that they do not is our own fault, and ends the process.
 */
export function stepImage(before: LoadedImage, records: readonly MetadataRecord[], endOffset: Offset): ImageStep {
  const draft = new Draft(before);
  for (const record of records) draft.replay(record);
  return draft.finish(endOffset);
}

/** The delta from nothing to an image: what a new listener hears first. */
export function wholeDelta(image: LoadedImage): MetadataDelta {
  return {
    before: emptyImage(image.clusterId),
    createdTopics: [...image.topics],
    deletedTopics: [],
    changedTopics: [],
    changedConfigs: [...image.configs].map(([resource]) => resource),
    changedBrokers: [...image.brokers.keys()],
    changedFeatures: [...image.features.keys()],
  };
}

interface TopicDraft {
  readonly name: string;
  readonly id: Uuid;
  readonly partitions: PartitionImage[];
}

/** What the records so far have changed of an image. */
class Draft {
  readonly #before: LoadedImage;
  /** Topics touched, by id; undefined: deleted. */
  readonly #topics = new Map<string, TopicDraft | undefined>();
  readonly #configs = new Map<string, Map<string, string>>();
  #brokers: Map<NodeId, BrokerImage> | undefined;
  #features: Map<string, number> | undefined;
  #nextProducerId: bigint;

  constructor(before: LoadedImage) {
    this.#before = before;
    this.#nextProducerId = before.nextProducerId;
  }

  replay(record: MetadataRecord): void {
    switch (record.kind) {
      case 'topic':
        this.#topics.set(record.topicId, { name: record.name, id: record.topicId, partitions: [] });
        return;
      case 'partition': {
        const { partitions } = this.#topic(record.topicId);
        invariant(record.partitionId <= partitions.length, 'partitions come without holes');
        partitions[record.partitionId] = partitionOf(record);
        return;
      }
      case 'partition-change': {
        const { partitions } = this.#topic(record.topicId);
        const partition = partitions[record.partitionId];
        invariant(partition !== undefined, 'a partition exists before it changes');
        partitions[record.partitionId] = changedPartition(partition, record);
        return;
      }
      case 'clear-elr':
        this.#clearElr(record.topicName);
        return;
      case 'remove-topic':
        this.#configs.set(configKey(CONFIG_RESOURCE_TYPES.topic, this.#topic(record.topicId).name), new Map());
        this.#topics.set(record.topicId, undefined);
        return;
      case 'config':
        this.#setConfig(record);
        return;
      case 'register-broker':
        this.#writableBrokers().set(record.brokerId, brokerOf(record));
        return;
      case 'broker-registration-change': {
        const broker = this.#writableBrokers().get(record.brokerId);
        invariant(broker !== undefined, 'a broker is registered before it changes');
        this.#writableBrokers().set(record.brokerId, changedBroker(broker, record));
        return;
      }
      case 'unregister-broker':
        this.#writableBrokers().delete(record.brokerId);
        return;
      case 'feature-level':
        this.#features ??= new Map(this.#before.features);
        if (record.featureLevel === 0) this.#features.delete(record.name);
        else this.#features.set(record.name, record.featureLevel);
        return;
      case 'producer-ids':
        this.#nextProducerId = record.nextProducerId;
        return;
      case 'no-op':
        return;
    }
  }

  finish(endOffset: Offset): ImageStep {
    const before = this.#before;
    const topics = this.#finishTopics();
    const configs = this.#finishConfigs();
    const image: LoadedImage = {
      endOffset,
      clusterId: before.clusterId,
      topics: topics.image,
      brokers: this.#brokers ?? before.brokers,
      configs: configs.image,
      features: this.#features ?? before.features,
      nextProducerId: this.#nextProducerId,
    };
    const delta: MetadataDelta = {
      before,
      ...topics.delta,
      changedConfigs: configs.changed,
      changedBrokers: changedKeys(before.brokers, image.brokers),
      changedFeatures: changedKeys(before.features, image.features),
    };
    return { image, delta };
  }

  #topic(id: Uuid): TopicDraft {
    const draft = this.#topics.get(id);
    if (draft !== undefined) return draft;
    const topic = this.#before.topics.byId(id);
    invariant(topic !== undefined && !this.#topics.has(id), 'a topic exists before it changes');
    const opened: TopicDraft = { name: topic.name, id, partitions: [...topic.partitions] };
    this.#topics.set(id, opened);
    return opened;
  }

  #clearElr(name: string): void {
    const { topics } = this.#before;
    const created = [...this.#topics.values()].filter((draft) => draft !== undefined && !topics.byId(draft.id));
    for (const topic of [...topics, ...created]) {
      if (topic === undefined || (name !== '' && topic.name !== name)) continue;
      const isGone = this.#topics.has(topic.id) && this.#topics.get(topic.id) === undefined;
      const { partitions } = this.#topics.get(topic.id) ?? topic;
      if (isGone || partitions.every((partition) => withoutElr(partition) === partition)) continue;
      const draft = this.#topic(topic.id);
      for (const [index, partition] of draft.partitions.entries()) draft.partitions[index] = withoutElr(partition);
    }
  }

  #setConfig({ resourceType, resourceName, name, value }: ConfigRecord): void {
    const key = configKey(resourceType, resourceName);
    const draft = this.#configs.get(key) ?? new Map(this.#before.configs.of(resourceType, resourceName));
    if (value === null) draft.delete(name);
    else draft.set(name, value);
    this.#configs.set(key, draft);
  }

  #writableBrokers(): Map<NodeId, BrokerImage> {
    this.#brokers ??= new Map(this.#before.brokers);
    return this.#brokers;
  }

  #finishTopics(): {
    readonly image: TopicsByNameAndId;
    readonly delta: Pick<MetadataDelta, 'createdTopics' | 'deletedTopics' | 'changedTopics'>;
  } {
    const { topics } = this.#before;
    const createdTopics: TopicImage[] = [];
    const deletedTopics: TopicImage[] = [];
    const changedTopics: TopicChange[] = [];
    let partitionCount = topics.partitionCount;
    for (const [id, draft] of this.#topics) {
      const before = topics.identified.get(id);
      partitionCount += (draft?.partitions.length ?? 0) - (before?.partitions.length ?? 0);
      if (draft !== undefined && before !== undefined) changedTopics.push(topicChange(before, draft));
      else if (draft !== undefined) createdTopics.push(draft);
      else if (before !== undefined) deletedTopics.push(before);
    }
    const present = [...createdTopics, ...changedTopics.map(({ after }) => after)];
    const gone = deletedTopics.map(({ id, name }) => ({ id, name }));
    const named = topics.named.changed([
      ...gone.map(({ name }) => [name, undefined] as const),
      ...present.map((topic) => [topic.name, topic] as const),
    ]);
    const identified = topics.identified.changed([
      ...gone.map(({ id }) => [id, undefined] as const),
      ...present.map((topic) => [topic.id, topic] as const),
    ]);
    const image = this.#topics.size === 0 ? topics : new TopicsByNameAndId(named, identified, partitionCount);
    return { image, delta: { createdTopics, deletedTopics, changedTopics } };
  }

  #finishConfigs(): { readonly image: ConfigsByResource; readonly changed: readonly ConfigResource[] } {
    const { configs } = this.#before;
    if (this.#configs.size === 0) return { image: configs, changed: [] };
    const changes = [...this.#configs].map(([key, draft]): readonly [string, ConfigMap | undefined] => [
      key,
      draft.size === 0 ? undefined : draft,
    ]);
    const changed = changes
      .filter(([key, now]) => !sameConfigs(configs.set.get(key), now))
      .map(([key]) => resourceOf(key));
    return { image: new ConfigsByResource(configs.set.changed(changes)), changed };
  }
}

function topicChange(before: TopicImage, after: TopicImage): TopicChange {
  const partitions = after.partitions.filter((partition, index) => partition !== before.partitions[index]);
  return { before, after, partitions: partitions.map(({ index }) => index) };
}

function sameConfigs(before: ConfigMap | undefined, after: ConfigMap | undefined): boolean {
  if (before?.size !== after?.size) return before === undefined && after === undefined;
  return [...(after ?? [])].every(([name, value]) => before?.get(name) === value);
}

function changedKeys<Key, Value>(before: ReadonlyMap<Key, Value>, after: ReadonlyMap<Key, Value>): readonly Key[] {
  if (before === after) return [];
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
}

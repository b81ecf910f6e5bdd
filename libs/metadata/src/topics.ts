import { ZERO_UUID, invariant, type ReplicatedState, type Uuid } from '@trunkline/kernel';
import type { PartitionImage, TopicImage } from './image.js';
import { changedPartition, partitionOf, withoutElr } from './image-parts.js';
import { Load } from './placement.js';
import type { MetadataRecord } from './records.js';
import { collisionKey } from './topic-name.js';

interface TopicState extends TopicImage {
  readonly partitions: PartitionImage[];
}

/** Which topics and partitions there are, as the controller knows them: a step ahead of the image. */
export class Topics implements ReplicatedState<MetadataRecord> {
  readonly #byId = new Map<Uuid, TopicState>();
  readonly #idByName = new Map<string, Uuid>();
  /** Names by what `.` and `_` have in common. */
  readonly #namesByKey = new Map<string, Set<string>>();
  /** What each broker has been given. */
  readonly load = new Load();
  #partitionCount = 0;

  /** Partitions of all topics together. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(id: Uuid): TopicImage | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): TopicImage | undefined {
    const id = this.#idByName.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** A topic, not `name` itself, whose name differs from it only in `.` and `_`. */
  collidingWith(name: string): string | undefined {
    return [...(this.#namesByKey.get(collisionKey(name)) ?? [])].find((other) => other !== name);
  }

  replay(record: MetadataRecord): void {
    switch (record.kind) {
      case 'topic':
        this.#add(record.name, record.topicId);
        return;
      case 'partition': {
        const { partitions } = this.#topic(record.topicId);
        invariant(record.partitionId <= partitions.length, 'partitions come without holes');
        const before = partitions[record.partitionId];
        if (before === undefined) this.#partitionCount += 1;
        else this.load.add(before.replicas, -1);
        this.load.add(record.replicas);
        partitions[record.partitionId] = partitionOf(record);
        return;
      }
      case 'partition-change': {
        const { partitions } = this.#topic(record.topicId);
        const partition = partitions[record.partitionId];
        invariant(partition !== undefined, 'a partition exists before it changes');
        partitions[record.partitionId] = changedPartition(partition, record);
        if (record.replicas === undefined) return;
        this.load.add(partition.replicas, -1);
        this.load.add(record.replicas);
        return;
      }
      case 'clear-elr':
        this.#clearElr(record.topicName);
        return;
      case 'remove-topic':
        this.#remove(this.#topic(record.topicId));
        return;
      default:
        return;
    }
  }

  [Symbol.iterator](): IterableIterator<TopicImage> {
    return this.#byId.values();
  }

  #clearElr(name: string): void {
    const topics = name === '' ? this.#byId.values() : [this.#topic(this.#idByName.get(name) ?? ZERO_UUID)];
    for (const { partitions } of topics) {
      for (const [index, partition] of partitions.entries()) partitions[index] = withoutElr(partition);
    }
  }

  #topic(id: Uuid): TopicState {
    const topic = this.#byId.get(id);
    invariant(topic !== undefined, 'the topic of a record came before it');
    return topic;
  }

  #add(name: string, id: Uuid): void {
    invariant(!this.#idByName.has(name), 'a name belongs to one topic');
    this.#byId.set(id, { name, id, partitions: [] });
    this.#idByName.set(name, id);
    const key = collisionKey(name);
    this.#namesByKey.set(key, (this.#namesByKey.get(key) ?? new Set()).add(name));
  }

  #remove({ id, name, partitions }: TopicState): void {
    this.#byId.delete(id);
    this.#idByName.delete(name);
    const key = collisionKey(name);
    const names = this.#namesByKey.get(key);
    names?.delete(name);
    if (names?.size === 0) this.#namesByKey.delete(key);
    this.#partitionCount -= partitions.length;
    for (const { replicas } of partitions) this.load.add(replicas, -1);
  }
}

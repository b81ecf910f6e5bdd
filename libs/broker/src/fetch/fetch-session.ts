import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { FetchPartition, type PartitionWish, type Tellable } from './fetch-partition.js';

/** Epochs of a session run from 1 and over to 1 again. */
const LAST_EPOCH = 0x7fff_ffff;

export function epochAfter(epoch: number): number {
  return epoch === LAST_EPOCH ? 1 : epoch + 1;
}

/** What a fetch of a session adds, changes and forgets. Below version 13 ids are zero, from there on names are empty. */
export interface SessionChanges {
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId: Uuid;
    readonly partitions: readonly (PartitionWish & { readonly partition: number })[];
  }[];
  readonly forgottenTopicsData: readonly {
    readonly topic: string;
    readonly topicId: Uuid;
    readonly partitions: readonly number[];
  }[];
}

/**
 * What a client and this broker both remember between its fetches (KIP-227): the partitions asked for, and what was
 * last told of each. The order is that in which they are served: who got data goes to the end.
 */
export class FetchSession {
  /** The epoch that the next fetch must name. */
  epoch = 1;
  usedMs: number;
  readonly #partitions = new Map<string, FetchPartition>();

  constructor(
    readonly id: number,
    readonly usesTopicIds: boolean,
    readonly createdMs: number,
    partitions: Iterable<FetchPartition>,
  ) {
    this.usedMs = createdMs;
    for (const partition of partitions) this.#partitions.set(keyOf(partition), partition);
  }

  get size(): number {
    return this.#partitions.size;
  }

  /** In the order in which they are to be served. */
  get partitions(): readonly FetchPartition[] {
    return [...this.#partitions.values()];
  }

  change({ topics, forgottenTopicsData }: SessionChanges): void {
    for (const { topic, topicId, partitions } of topics) {
      for (const wish of partitions) this.#ask(topic, topicId, wish.partition, wish);
    }
    for (const { topic, topicId, partitions } of forgottenTopicsData) {
      for (const index of partitions) this.#partitions.delete(key(topic, topicId, index));
    }
  }

  /** Of these, what an incremental answer must hold; it counts as told. */
  tell<Answer extends Tellable & { readonly of: FetchPartition }>(answers: readonly Answer[]): readonly Answer[] {
    const news = answers.filter((answer) => answer.of.isNews(answer));
    for (const answer of news) {
      answer.of.told(answer);
      if (answer.sizeBytes > 0) this.#toEnd(answer.of);
    }
    return news;
  }

  #ask(topic: string, topicId: Uuid, index: number, wish: PartitionWish): void {
    const at = key(topic, topicId, index);
    const known = this.#partitions.get(at);
    if (known === undefined) this.#partitions.set(at, new FetchPartition(nameOf(topic), topicId, index, wish));
    else known.ask(wish);
  }

  #toEnd(partition: FetchPartition): void {
    const at = keyOf(partition);
    if (this.#partitions.delete(at)) this.#partitions.set(at, partition);
  }
}

/**
 * What a full fetch asks for. Only one of name and id tells the topic apart; the other is empty or zero. Of a partition
 * that stands more than once the last wish holds, in the place of the first, as in Kafka.
 */
export function partitionsOf(topics: SessionChanges['topics']): FetchPartition[] {
  const asked = new Map<string, FetchPartition>();
  for (const { topic, topicId, partitions } of topics) {
    for (const wish of partitions) {
      const at = key(topic, topicId, wish.partition);
      asked.set(at, new FetchPartition(nameOf(topic), topicId, wish.partition, wish));
    }
  }
  return [...asked.values()];
}

function key(topic: string | undefined, topicId: Uuid, index: number): string {
  return `${index} ${topicId === ZERO_UUID ? topic : topicId}`;
}

function keyOf({ topic, topicId, index }: FetchPartition): string {
  return key(topic, topicId, index);
}

function nameOf(topic: string): string | undefined {
  return topic === '' ? undefined : topic;
}

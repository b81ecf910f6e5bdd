/** A partition of a topic, by name and index. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** As people write it: `orders/3`. No two partitions share a name: topics have no slash. */
export function nameOfPartition({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** Partition indexes by topic, in the order in which they came. */
export function indexesByTopic(partitions: Iterable<TopicPartition>): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const indexes = topics.get(topic);
    if (indexes === undefined) topics.set(topic, [partition]);
    else indexes.push(partition);
  }
  return topics;
}

/** As the consumer protocol's blobs hold them. */
export function asTopicArray(partitions: Iterable<TopicPartition>): { topic: string; partitions: number[] }[] {
  return [...indexesByTopic(partitions)].map(([topic, indexes]) => ({ topic, partitions: indexes }));
}

/** The other way round. */
export function fromTopicArray(
  topics: Iterable<{ readonly topic: string; readonly partitions: readonly number[] }>,
): TopicPartition[] {
  const all: TopicPartition[] = [];
  for (const { topic, partitions } of topics) for (const partition of partitions) all.push({ topic, partition });
  return all;
}

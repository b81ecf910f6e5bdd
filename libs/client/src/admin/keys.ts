import type { TopicPartition } from '../topic-partition.js';
import type { KeyKind } from './outcome.js';

/** A replica of a partition, by the broker that holds it. */
export interface TopicPartitionReplica extends TopicPartition {
  readonly nodeId: number;
}

/** Names of one kind: `topic orders`. */
export function named(what: string): KeyKind<string> {
  return { id: (name) => name, text: (name) => `${what} ${name}` };
}

export const TOPIC = named('topic');
export const TOPIC_ID = named('topic id');
export const GROUP = named('group');
export const TRANSACTIONAL_ID = named('transactional id');
export const USER = named('user');
export const FEATURE = named('feature');
export const BROKER: KeyKind<number> = { id: (nodeId) => nodeId, text: (nodeId) => `broker ${nodeId}` };
export const PARTITION: KeyKind<TopicPartition> = {
  id: ({ topic, partition }) => `${partition}/${topic}`,
  text: ({ topic, partition }) => `topic ${topic}/${partition}`,
};
export const REPLICA: KeyKind<TopicPartitionReplica> = {
  id: ({ topic, partition, nodeId }) => `${nodeId}/${partition}/${topic}`,
  text: ({ topic, partition, nodeId }) => `replica of topic ${topic}/${partition} on broker ${nodeId}`,
};

/** What belongs together, in the order in which it came. */
export function grouped<T, Key>(these: Iterable<T>, keyOf: (one: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const one of these) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

/** Partitions as requests name them: by topic, in the order in which the topics came. */
export function byTopic<P extends TopicPartition>(partitions: readonly P[]): { topic: string; partitions: P[] }[] {
  return [...grouped(partitions, ({ topic }) => topic)].map(([topic, of]) => ({ topic, partitions: of }));
}

/** Finds what belongs to a key that was given. Not for other keys. */
export function lookup<Key, Given extends Key, T>(
  kind: KeyKind<Key>,
  given: readonly Given[],
  valueOf: (one: Given) => T,
): (key: Key) => T {
  const values = new Map(given.map((one) => [kind.id(one), valueOf(one)]));
  return (key) => values.get(kind.id(key)) as T;
}

/** The partition alone, without what the caller said of it. */
export function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}

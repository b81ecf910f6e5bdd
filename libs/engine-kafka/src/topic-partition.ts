/** A partition by name and number. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `topic/partition`: unique, as no topic's name holds a slash. */
export function nameOfPartition({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

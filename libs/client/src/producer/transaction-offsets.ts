import type { Decoded, Encodable, TxnOffsetCommit } from '@trunkline/protocol';

/** A group's offset, to be committed with a transaction: that of the next record to be read. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string | null;
}

/** A group by its id, or with its member, so that one who is no member any more is fenced (KIP-447). */
export type GroupOfOffsets =
  | string
  | {
      readonly groupId: string;
      readonly memberId?: string;
      /** The generation, or with KIP-848 the member's epoch. */
      readonly generationId?: number;
      readonly groupInstanceId?: string | null;
    };

type Topics = Encodable<(typeof TxnOffsetCommit)['request']>['topics'];
type Partitions = Topics[number]['partitions'][number][];

/** Offsets as a request carries them: by topic. */
export function offsetTopics(offsets: readonly OffsetToCommit[]): Topics {
  const topics = new Map<string, Partitions>();
  for (const { topic, partition, offset, leaderEpoch = -1, metadata = null } of offsets) {
    let partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, (partitions = []));
    partitions.push({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    });
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }));
}

/** The codes of an answer, one a partition. */
export function offsetCodes({ topics }: Decoded<(typeof TxnOffsetCommit)['response']>): number[] {
  return topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
}

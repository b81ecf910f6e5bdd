import { ApiError, ZERO_UUID } from '@trunkline/kernel';
import { INTERNAL_TOPICS, type MetadataImage, type PartitionImage, topicNameFault } from '@trunkline/metadata';
import {
  DescribeTopicPartitions,
  type DescribeTopicPartitionsRequest,
  type ResponseOf,
  errorCode,
} from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { LeaderView } from './leader-view.js';
import { TOPIC_OPERATIONS } from './operations.js';

type Answer = ResponseOf<typeof DescribeTopicPartitions>;
type TopicAnswer = Answer['topics'][number];
type Cursor = NonNullable<DescribeTopicPartitionsRequest['cursor']>;

/**
 * DescribeTopicPartitions (75), v0: topics by name, a page of partitions at a time (KIP-966).
 *
 * No topics: all of them. Answered in the order of the names; a page holds at most `max.request.partition.size.limit`
 * partitions, and the cursor says where the next begins. A cursor must stand at one of the topics that are asked for,
 * at a partition from 0 on: INVALID_REQUEST.
 */
export const describeTopicPartitions = handler<typeof DescribeTopicPartitions>({
  api: DescribeTopicPartitions,
  handle: (request, parts, { listenerName }) => {
    const { image } = parts.metadata;
    const { cursor } = request;
    const names = namesOf(request, image);
    if (cursor !== null) refuseCursor(cursor, request);
    const view = new LeaderView(image, listenerName);
    const topics: TopicAnswer[] = [];
    let left = pageSize(request, parts);
    for (const name of names) {
      if (cursor !== null && name < cursor.topicName) continue;
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      if (left === 0) return page(topics, { topicName: name, partitionIndex: first });
      const topic = image.topics.byName(name);
      if (topic === undefined) {
        topics.push(missing(name));
        continue;
      }
      const shown = topic.partitions.slice(first, first + left);
      const partitions = shown.map((partition) => partitionAnswer(partition, view));
      topics.push({ ...topicAnswer(name), topicId: topic.id, partitions });
      left -= shown.length;
      const next = first + shown.length;
      if (next < topic.partitions.length) return page(topics, { topicName: name, partitionIndex: next });
    }
    return page(topics, null);
  },
  failed: ({ topics }, error) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => ({ errorCode: errorCode(error.code), name, topicId: ZERO_UUID, partitions: [] })),
  }),
});

/** The names that are asked for, each once, in order. */
function namesOf({ topics, cursor }: DescribeTopicPartitionsRequest, image: MetadataImage): readonly string[] {
  const asked = topics.length === 0 ? Array.from(image.topics, ({ name }) => name) : topics.map(({ name }) => name);
  const names = topics.length === 0 && cursor !== null ? asked.filter((name) => name >= cursor.topicName) : asked;
  return [...new Set(names)].toSorted();
}

function refuseCursor({ topicName, partitionIndex }: Cursor, { topics }: DescribeTopicPartitionsRequest): void {
  if (partitionIndex < 0) throw new ApiError('INVALID_REQUEST', `A cursor cannot stand at partition ${partitionIndex}`);
  if (topics.length === 0 || topics.some(({ name }) => name === topicName)) return;
  throw new ApiError('INVALID_REQUEST', 'The cursor stands at a topic that is not asked for');
}

function pageSize({ responsePartitionLimit }: DescribeTopicPartitionsRequest, { config }: Parts): number {
  return Math.max(1, Math.min(responsePartitionLimit, config.integer('max.request.partition.size.limit')));
}

function page(topics: readonly TopicAnswer[], nextCursor: Cursor | null): Answer {
  return { throttleTimeMs: 0, topics, nextCursor };
}

function topicAnswer(name: string): Omit<TopicAnswer, 'partitions' | 'topicId'> {
  return { errorCode: 0, name, isInternal: INTERNAL_TOPICS.has(name), topicAuthorizedOperations: TOPIC_OPERATIONS };
}

function missing(name: string): TopicAnswer {
  const code = topicNameFault(name) === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION';
  return { ...topicAnswer(name), errorCode: errorCode(code), topicId: ZERO_UUID, partitions: [] };
}

function partitionAnswer(partition: PartitionImage, view: LeaderView): TopicAnswer['partitions'][number] {
  const { index, leader, leaderEpoch, replicas, isr, elr, lastKnownElr } = partition;
  return {
    errorCode: view.errorCodeOf(leader),
    partitionIndex: index,
    leaderId: view.reaches(leader) ? leader : -1,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    eligibleLeaderReplicas: elr,
    lastKnownElr,
    offlineReplicas: view.unreached(replicas),
  };
}

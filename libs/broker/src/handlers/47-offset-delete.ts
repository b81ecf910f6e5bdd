import type { DeleteOffsetsAnswer } from '@trunkline/coordinator';
import { OffsetDelete, type OffsetDeleteRequest, type OffsetDeleteResponse, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { mustNameGroup } from './group-request.js';

/**
 * OffsetDelete (47), version 0: removes committed offsets of single partitions (KIP-496).
 *
 * Per partition: UNKNOWN_TOPIC_OR_PARTITION, GROUP_SUBSCRIBED_TO_TOPIC. For all: INVALID_GROUP_ID, GROUP_ID_NOT_FOUND,
 * NON_EMPTY_GROUP (members that are no consumers). Answers stand in the order of the request; Kafka puts refused
 * partitions first.
 */
export const offsetDelete = handler({
  api: OffsetDelete,
  async handle(request, parts) {
    const { groupId } = request;
    mustNameGroup(groupId);
    const { image } = parts.metadata;
    const isKnown = (topic: string, partition: number): boolean =>
      image.topics.byName(topic)?.partitions[partition] !== undefined;
    const partitions = request.topics.flatMap(({ name, partitions: wanted }) =>
      wanted.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    const known = partitions.filter(({ topic, partition }) => isKnown(topic, partition));
    const answer = await parts.groups.shardOf(groupId).submit<DeleteOffsetsAnswer>((reply) => ({
      kind: 'delete-offsets',
      request: { groupId, partitions: known },
      reply,
    }));
    if (answer.error !== 'NONE') return { errorCode: errorCode(answer.error), throttleTimeMs: 0, topics: [] };
    const errors = answer.partitions.values();
    const codeOf = (topic: string, partition: number): number =>
      errorCode(isKnown(topic, partition) ? (errors.next().value ?? 'NONE') : 'UNKNOWN_TOPIC_OR_PARTITION');
    return { errorCode: 0, throttleTimeMs: 0, topics: topicsOf(request, codeOf) };
  },
  failed: (_request, error) => ({ errorCode: errorCode(error.code), throttleTimeMs: 0, topics: [] }),
});

function topicsOf(
  { topics }: OffsetDeleteRequest,
  codeOf: (topic: string, partition: number) => number,
): OffsetDeleteResponse['topics'] {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: codeOf(name, partitionIndex) })),
  }));
}

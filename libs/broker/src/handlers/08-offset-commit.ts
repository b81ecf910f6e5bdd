import { type ApiError, ZERO_UUID } from '@trunkline/kernel';
import type { CommitAnswer, CommittedOffset } from '@trunkline/coordinator';
import type { MetadataImage, TopicImage } from '@trunkline/metadata';
import { OffsetCommit, type OffsetCommitRequest, type OffsetCommitResponse, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

/** A stale epoch and an unknown group are told apart (KIP-848). */
const MEMBER_EPOCH_SINCE = 9;
/** Topics are named by id. */
const TOPIC_ID_SINCE = 10;

type TopicRequest = OffsetCommitRequest['topics'][number];

/**
 * OffsetCommit (8), versions 2 to 10: stores how far a group has come.
 *
 * Per partition: UNKNOWN_TOPIC_OR_PARTITION (by id, 10+: UNKNOWN_TOPIC_ID), OFFSET_METADATA_TOO_LARGE; what is wrong
 * with the member or its generation stands in every partition. An unknown group with a generation is ILLEGAL_GENERATION
 * up to version 8 and GROUP_ID_NOT_FOUND from 9 on. Offset, metadata and leader epoch (6+) come back unchanged; the
 * offset itself is not judged. Answered when it is in the log.
 */
export const offsetCommit = handler({
  api: OffsetCommit,
  async handle(request, parts, { apiVersion }) {
    const { image } = parts.metadata;
    const topics = request.topics.map((topic) => ({ topic, known: topicOf(image, topic, apiVersion) }));
    const offsets = topics.flatMap(({ topic, known }) => (known === undefined ? [] : offsetsOf(topic, known)));
    const answer = offsets.length === 0 ? NOTHING_KNOWN : await commit();
    const errors = answer.offsets.values();
    const codeOf = ({ known }: (typeof topics)[number], partition: number): number => {
      if (known === undefined && apiVersion >= TOPIC_ID_SINCE) return errorCode('UNKNOWN_TOPIC_ID');
      if (known?.partitions[partition] === undefined) return errorCode('UNKNOWN_TOPIC_OR_PARTITION');
      return errorCode(answer.error === 'NONE' ? (errors.next().value ?? 'NONE') : answer.error);
    };
    return {
      topics: topics.map((each) => respond(each.topic, (partition) => codeOf(each, partition))),
    };

    function commit(): Promise<CommitAnswer> {
      const { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId, retentionTimeMs } = request;
      const committing = {
        groupId,
        generation: generationIdOrMemberEpoch,
        memberId,
        instanceId: groupInstanceId,
        unknownGroup:
          apiVersion >= MEMBER_EPOCH_SINCE ? ('GROUP_ID_NOT_FOUND' as const) : ('ILLEGAL_GENERATION' as const),
        retentionMs: Number(retentionTimeMs),
        offsets,
      };
      return parts.groups.shardOf(groupId).submit((reply) => ({ kind: 'commit', request: committing, reply }));
    }
  },
  failed: (request, error: ApiError) => ({
    topics: request.topics.map((topic) => respond(topic, () => errorCode(error.code))),
  }),
});

const NOTHING_KNOWN: CommitAnswer = { error: 'NONE', offsets: [] };

function topicOf(image: MetadataImage, { name, topicId }: TopicRequest, apiVersion: number): TopicImage | undefined {
  if (apiVersion < TOPIC_ID_SINCE) return image.topics.byName(name);
  return topicId === ZERO_UUID ? undefined : image.topics.byId(topicId);
}

/** Those of partitions that exist, in the request's order. */
function offsetsOf({ partitions }: TopicRequest, { name, id, partitions: there }: TopicImage): CommittedOffset[] {
  return partitions
    .filter(({ partitionIndex }) => there[partitionIndex] !== undefined)
    .map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => ({
      topic: name,
      topicId: id,
      partition: partitionIndex,
      offset: committedOffset,
      leaderEpoch: committedLeaderEpoch,
      metadata: committedMetadata ?? '',
    }));
}

function respond(
  { name, topicId, partitions }: TopicRequest,
  codeOf: (partition: number) => number,
): OffsetCommitResponse['topics'][number] {
  return {
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: codeOf(partitionIndex) })),
  };
}

import { ApiError } from '@trunkline/kernel';
import type { ElectLeaders as Election, ElectionOutcome } from '@trunkline/metadata';
import { ElectLeaders, type ElectLeadersRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { byTopic } from './by-topic.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

type TopicResult = ResponseOf<typeof ElectLeaders>['replicaElectionResults'][number];

/** By Kafka's numbers. */
const KINDS: readonly Election['type'][] = ['preferred', 'unclean'];

/**
 * ElectLeaders (43), v0 to v2: gives leadership to the preferred replicas, or to any replica where there is no leader
 * (v1+; may lose records). No list: all partitions, and only those are answered whose leader changed or could not.
 */
export const electLeaders = handler<typeof ElectLeaders>({
  api: ElectLeaders,
  handle: async ({ electionType, topicPartitions, timeoutMs }, { metadata, clock }) => {
    const type = KINDS[electionType];
    if (type === undefined) throw new ApiError('INVALID_REQUEST', `There is no election of type ${electionType}`);
    refuseLarge(topicPartitions?.reduce((sum, { partitions }) => sum + partitions.length, 0) ?? 0, CHANGED_MAX);
    const partitions = topicPartitions ?? undefined;
    const work = metadata.submit((controller) => controller.electLeaders({ type, partitions }));
    return { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: grouped(await inTime(clock, timeoutMs, work)) };
  },
  failed: (request, error) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(error.code),
    replicaElectionResults: failedIn(request, error),
  }),
});

function grouped(outcomes: readonly ElectionOutcome[]): readonly TopicResult[] {
  return [...byTopic(outcomes)].map(([topic, ofTopic]) => ({
    topic,
    partitionResult: ofTopic.map(({ partitionIndex, error }) => ({
      partitionId: partitionIndex,
      ...adminError(error),
    })),
  }));
}

function failedIn({ topicPartitions }: ElectLeadersRequest, error: ApiError): readonly TopicResult[] {
  return (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...adminError(error) })),
  }));
}

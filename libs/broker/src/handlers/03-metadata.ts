import { ApiError, ZERO_UUID } from '@trunkline/kernel';
import {
  INTERNAL_TOPICS,
  type MetadataImage,
  OFFSETS_TOPIC,
  type PartitionImage,
  type TopicImage,
  topicNameFault,
} from '@trunkline/metadata';
import { Metadata, type MetadataRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { LeaderView } from './leader-view.js';
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from './operations.js';

type Answer = ResponseOf<typeof Metadata>;
type TopicAnswer = Answer['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type Wanted = NonNullable<MetadataRequest['topics']>[number];

/** What a broker may be asked for by id, from this version on. */
const BY_ID_FROM = 12;
/** Clients of later versions are told LISTENER_NOT_FOUND. */
const LISTENER_NOT_FOUND_FROM = 6;

/**
 * Metadata (3), v0 to v13: brokers, topics, partitions and their leaders.
 *
 * A topic that may make itself is made before the answer, which has it already (10-seen, item 1). Topics are answered
 * in the order of the request, each once. One that could not be made is UNKNOWN_TOPIC_OR_PARTITION, or
 * INVALID_TOPIC_EXCEPTION when its name is to blame.
 *
 * Not done: authorization; REBOOTSTRAP_REQUIRED is never told.
 */
export const metadata = handler<typeof Metadata>({
  api: Metadata,
  handle: (request, parts, context) => {
    const wanted = wantedTopics(request, context.apiVersion);
    const missing = wanted === undefined ? [] : creatable(wanted, request, parts);
    if (missing.length === 0) return answer(wanted, request, parts, context, new Map());
    return create(missing, parts).then((refused) => answer(wanted, request, parts, context, refused));
  },
  failed: ({ topics }, error) => ({
    brokers: [],
    topics: (topics ?? []).map(({ name, topicId }) => ({
      errorCode: errorCode(error.code),
      name: name ?? '',
      topicId,
      partitions: [],
    })),
  }),
});

/** The topics that are asked for; undefined: all. */
function wantedTopics({ topics }: MetadataRequest, apiVersion: number): readonly Wanted[] | undefined {
  if (topics === null || (apiVersion === 0 && topics.length === 0)) return undefined;
  const seen = new Set<string>();
  return topics.filter(({ name, topicId }) => {
    if (topicId !== ZERO_UUID && apiVersion < BY_ID_FROM) {
      throw new ApiError('INVALID_REQUEST', `topics are asked for by id from version ${BY_ID_FROM} on`);
    }
    if (name === null && apiVersion < BY_ID_FROM) throw new ApiError('INVALID_REQUEST', 'a topic without a name');
    const key = topicId === ZERO_UUID ? `name ${name}` : `id ${topicId}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Names of topics that are not there and may make themselves. */
function creatable(wanted: readonly Wanted[], request: MetadataRequest, parts: Parts): readonly string[] {
  const { topics } = parts.metadata.image;
  if (!request.allowAutoTopicCreation || !parts.config.flag('auto.create.topics.enable')) return [];
  return wanted.flatMap(({ name, topicId }) =>
    name !== null && topicId === ZERO_UUID && topics.byName(name) === undefined && mayMakeItself(name) ? [name] : [],
  );
}

function mayMakeItself(name: string): boolean {
  return topicNameFault(name) === undefined && (name === OFFSETS_TOPIC || !INTERNAL_TOPICS.has(name));
}

async function create(names: readonly string[], { autoTopics }: Parts): Promise<ReadonlyMap<string, ApiError>> {
  if (names.includes(OFFSETS_TOPIC)) await autoTopics.createOffsetsTopic();
  return autoTopics.create(names.filter((name) => name !== OFFSETS_TOPIC));
}

function answer(
  wanted: readonly Wanted[] | undefined,
  request: MetadataRequest,
  parts: Parts,
  { apiVersion, listenerName }: RequestContext,
  refused: ReadonlyMap<string, ApiError>,
): Answer {
  const { image } = parts.metadata;
  const view = new LeaderView(image, listenerName);
  const operations = request.includeTopicAuthorizedOperations ? { topicAuthorizedOperations: TOPIC_OPERATIONS } : {};
  const told = (topic: TopicImage): TopicAnswer => ({ ...topicAnswer(topic, view, apiVersion), ...operations });
  const topics =
    wanted === undefined
      ? Array.from(image.topics, told)
      : wanted.map((one): TopicAnswer => {
          const topic = topicOf(image, one);
          return topic === undefined ? missing(one, refused) : told(topic);
        });
  const { brokers } = view;
  const controller = brokers[brokers.length > 1 ? parts.random.below(brokers.length) : 0];
  return {
    brokers,
    clusterId: image.clusterId,
    controllerId: controller?.nodeId ?? -1,
    topics,
    ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: CLUSTER_OPERATIONS }),
  };
}

function topicOf({ topics }: MetadataImage, { name, topicId }: Wanted): TopicImage | undefined {
  if (topicId !== ZERO_UUID) return topics.byId(topicId);
  return name === null ? undefined : topics.byName(name);
}

function missing({ name, topicId }: Wanted, refused: ReadonlyMap<string, ApiError>): TopicAnswer {
  if (topicId !== ZERO_UUID) {
    return { errorCode: errorCode('UNKNOWN_TOPIC_ID'), name: null, topicId, partitions: [] };
  }
  if (name === null) return { errorCode: errorCode('INVALID_REQUEST'), name, topicId, partitions: [] };
  const isInvalid = topicNameFault(name) !== undefined || refused.get(name)?.code === 'INVALID_TOPIC_EXCEPTION';
  const code = errorCode(isInvalid ? 'INVALID_TOPIC_EXCEPTION' : 'UNKNOWN_TOPIC_OR_PARTITION');
  return { errorCode: code, name, topicId: ZERO_UUID, isInternal: INTERNAL_TOPICS.has(name), partitions: [] };
}

function topicAnswer({ name, id, partitions }: TopicImage, view: LeaderView, apiVersion: number): TopicAnswer {
  return {
    errorCode: 0,
    name,
    topicId: id,
    isInternal: INTERNAL_TOPICS.has(name),
    partitions: partitions.map((partition) => partitionAnswer(partition, view, apiVersion)),
  };
}

function partitionAnswer(partition: PartitionImage, view: LeaderView, apiVersion: number): PartitionAnswer {
  const { index, leader, leaderEpoch, replicas, isr } = partition;
  const leads = view.reaches(leader);
  const isFirst = apiVersion === 0; // Only clients of v0 expect to hear of live replicas only, and of those away.
  const isAway = isFirst && leads && (view.reached(replicas) !== replicas || view.reached(isr) !== isr);
  const leaderCode = view.errorCodeOf(leader, apiVersion >= LISTENER_NOT_FOUND_FROM);
  return {
    errorCode: isAway ? errorCode('REPLICA_NOT_AVAILABLE') : leaderCode,
    partitionIndex: index,
    leaderId: leads ? leader : -1,
    leaderEpoch,
    replicaNodes: isFirst ? view.reached(replicas) : replicas,
    isrNodes: isFirst ? view.reached(isr) : isr,
    offlineReplicas: view.unreached(replicas),
  };
}

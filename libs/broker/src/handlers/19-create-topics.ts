import type { ApiError } from '@trunkline/kernel';
import { type ConfigMap, type CreateTopicOutcome, type NewTopic, topicEntries } from '@trunkline/metadata';
import { CreateTopics, type CreateTopicsRequest, type ResponseOf } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

type TopicAnswer = ResponseOf<typeof CreateTopics>['topics'][number];
type TopicRequest = CreateTopicsRequest['topics'][number];

const THROTTLED_FROM = 6;
/** From here on the answer tells what was made. */
const TELLS_CONFIGS_FROM = 5;

/**
 * CreateTopics (19), v2 to v7: makes topics, each for itself. Answered when they can be used on this broker.
 *
 * -1 stands for the broker's defaults in every version, as in Kafka. A name that stands twice is answered once, with
 * INVALID_REQUEST. `validate_only` goes through every check.
 *
 * Not done: policies (POLICY_VIOLATION is told for `max.partitions` only), quotas, authorization.
 */
export const createTopics = handler<typeof CreateTopics>({
  api: CreateTopics,
  handle: async ({ topics, timeoutMs, validateOnly }, parts, { apiVersion }) => {
    refuseLarge(topics.length, CHANGED_MAX);
    const wanted = topics.map(newTopicOf);
    const work = parts.metadata.submit((controller) => controller.createTopics(wanted, { validateOnly }));
    const outcomes = await inTime(parts.clock, timeoutMs, work);
    const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
    const once = new Map(topics.map((topic) => [topic.name, topic]));
    const answers = [...once].flatMap(([name, topic]) => {
      const outcome = byName.get(name);
      return outcome === undefined ? [] : [answerOf(outcome, topic, parts, apiVersion)];
    });
    return { throttleTimeMs: 0, topics: answers };
  },
  failed: ({ topics }, error, { apiVersion }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => refusalOf(name, error, apiVersion)),
  }),
});

function newTopicOf({ name, numPartitions, replicationFactor, assignments, configs }: TopicRequest): NewTopic {
  return { name, partitionCount: numPartitions, replicationFactor, assignments, configs };
}

function answerOf(outcome: CreateTopicOutcome, topic: TopicRequest, parts: Parts, apiVersion: number): TopicAnswer {
  const { name, error, topicId, partitionCount, replicationFactor } = outcome;
  if (error !== undefined) return refusalOf(name, error, apiVersion);
  return {
    name,
    ...(topicId !== undefined && { topicId }),
    ...adminError(undefined),
    numPartitions: partitionCount,
    replicationFactor,
    configs: apiVersion < TELLS_CONFIGS_FROM ? [] : configsOf(topic, parts),
  };
}

function refusalOf(name: string, error: ApiError, apiVersion: number): TopicAnswer {
  return { name, ...adminError(error, apiVersion, THROTTLED_FROM), configs: [] };
}

/** What is in force for the topic that was made, or would be: by name, as Kafka orders them. */
function configsOf({ configs }: TopicRequest, { metadata, config }: Parts): NonNullable<TopicAnswer['configs']> {
  const own: ConfigMap = new Map(configs.map(({ name, value }) => [name, value ?? '']));
  return topicEntries(own, metadata.image.configs, config.statics)
    .map(({ name, value, readOnly, source, sensitive }) => ({
      name,
      value,
      readOnly,
      configSource: source,
      isSensitive: sensitive,
    }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import {
  type AnyApi,
  type CreateTopicsRequest,
  CreateTopics,
  type Decoded,
  DescribeConfigs,
  type Encodable,
  Metadata,
  errorName,
} from '@trunkline/protocol';

/** What can send a request: the fixture's own connection, or another one. */
export interface Sender {
  send<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): Promise<Decoded<A['response']>>;
}

export type TopicWish = Partial<CreateTopicsRequest['topics'][number]>;
export type MetadataAnswer = Decoded<(typeof Metadata)['response']>;

export const NO_ID: Uuid = ZERO_UUID;
/** An id that no topic has. */
export const STRANGE_ID = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid;

/** Kafka's numbers of resources. */
export const TOPIC = 2;
export const BROKER = 4;
export const BROKER_LOGGER = 8;
export const CLIENT_METRICS = 16;
export const GROUP = 32;

/** Every version of an API from the oldest to the newest, for `it.each`. */
export function versionsOf({ versions: [first, last] }: AnyApi): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export function topic(name: string, over: TopicWish = {}): CreateTopicsRequest['topics'][number] {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...over };
}

/** Makes topics and says what became of each: `name CODE`. */
export async function create(
  broker: Sender,
  topics: readonly ReturnType<typeof topic>[],
  { version = 7, validateOnly = false }: { readonly version?: number; readonly validateOnly?: boolean } = {},
): Promise<readonly string[]> {
  const answer = await broker.send(CreateTopics, version, { topics, timeoutMs: 10_000, validateOnly });
  return answer.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`);
}

/** The id of a topic that is there. */
export async function idOf(broker: Sender, name: string): Promise<Uuid> {
  const { topics } = await metadataOf(broker, [name]);
  return topics[0]?.topicId ?? NO_ID;
}

/** Metadata of topics, without making any. */
export async function metadataOf(broker: Sender, names: readonly string[] | null): Promise<MetadataAnswer> {
  const topics = names?.map((name) => ({ name, topicId: NO_ID })) ?? null;
  return broker.send(Metadata, 13, { topics, allowAutoTopicCreation: false });
}

/** Values of some configs of a resource that were set, or that are asked for by name: `name=value:source`. */
export async function configsOf(
  broker: Sender,
  resourceType: number,
  resourceName: string,
  ...keys: readonly string[]
): Promise<readonly string[]> {
  const configurationKeys = keys.length === 0 ? null : keys;
  const { results } = await broker.send(DescribeConfigs, 4, {
    resources: [{ resourceType, resourceName, configurationKeys }],
  });
  const [result] = results;
  if (result === undefined || result.errorCode !== 0) return [errorName(result?.errorCode ?? -1)];
  const shown =
    keys.length > 0
      ? result.configs
      : result.configs.filter(({ configSource }) => configSource < 4 || configSource > 5);
  return shown.map(({ name, value, configSource }) => `${name}=${value}:${configSource}`);
}

/** Each result's name and code. */
export function codes(
  results: readonly { readonly name?: string | null; readonly resourceName?: string; readonly errorCode: number }[],
): readonly string[] {
  return results.map((result) => `${result.name ?? result.resourceName ?? ''} ${errorName(result.errorCode)}`);
}

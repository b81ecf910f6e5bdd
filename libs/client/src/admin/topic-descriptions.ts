import type { Uuid } from '@trunkline/kernel';
import { type Decoded, DescribeTopicPartitions, Metadata } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { type AclOperation, operationsOf } from './acl-words.js';
import type { CallOptions } from './admin-options.js';
import type { Call } from './call.js';
import { TOPIC, TOPIC_ID } from './keys.js';
import { idOrNone, orNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { type Stop, perform } from './perform.js';
import type { Rounds } from './rounds.js';
import { toAnyone } from './routes.js';

export interface PartitionDescription {
  readonly partition: number;
  /** undefined: it has none now. */
  readonly leader: number | undefined;
  /** undefined: the broker is older than 2.1. */
  readonly leaderEpoch: number | undefined;
  /** Preferred leader first. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  /** Replicas outside of the ISR that may lead without loss (KIP-966); undefined: the broker does not tell. */
  readonly eligibleLeaderReplicas: readonly number[] | undefined;
  readonly lastKnownElr: readonly number[] | undefined;
}

export interface TopicDescription {
  readonly name: string;
  /** undefined: the broker is older than 2.8. */
  readonly topicId: Uuid | undefined;
  readonly isInternal: boolean;
  /** By rising number. */
  readonly partitions: readonly PartitionDescription[];
  /** What the caller may do with the topic; undefined: it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

export interface DescribeTopicsOptions extends CallOptions {
  /** Also what the caller may do with each topic; false. */
  readonly includeAuthorizedOperations?: boolean;
  /** How many partitions the broker tells in one answer; partitions [response partition limit]; 2,000. */
  readonly pagePartitionsMax?: number;
}

/** Pages of DescribeTopicPartitions where the broker has it (3.8), one answer of Metadata where not. */
export function describeTopics(
  call: Call,
  names: readonly string[],
  options: DescribeTopicsOptions,
): Promise<Outcomes<string, TopicDescription>> {
  let paged = true;
  return perform<string, TopicDescription>(call, {
    kind: TOPIC,
    keys: names,
    route: toAnyone,
    ask: async (stop, rounds) => {
      try {
        if (paged) return await askPages(call, stop, rounds, options);
      } catch (reason) {
        if (!(reason instanceof KafkaError && reason.is('UNSUPPORTED_BROKER'))) throw reason;
        paged = false;
      }
      await askMetadata(call, stop, rounds, options);
    },
  });
}

/** By topic id: only Metadata knows that, from version 12 on. */
export function describeTopicsById(
  call: Call,
  ids: readonly Uuid[],
  options: DescribeTopicsOptions,
): Promise<Outcomes<Uuid, TopicDescription>> {
  return perform<Uuid, TopicDescription>(call, {
    kind: TOPIC_ID,
    keys: ids,
    route: toAnyone,
    ask: async ({ target, keys }, rounds) => {
      const request = {
        topics: keys.map((topicId) => ({ topicId, name: null })),
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: options.includeAuthorizedOperations ?? false,
      };
      const { body } = await call.ask(target, Metadata, request, { versionMin: 12 });
      for (const topic of body.topics) {
        rounds.answer(topic.topicId, topic.errorCode, null, () => described(topic, topic.partitions, options));
      }
    },
  });
}

type Paged = Decoded<typeof DescribeTopicPartitions.response>['topics'][number];
type PagedPartition = Paged['partitions'][number];
type Cursor = NonNullable<Decoded<typeof DescribeTopicPartitions.response>['nextCursor']>;

async function askPages(
  call: Call,
  { target, keys }: Stop<string>,
  rounds: Rounds<string, TopicDescription>,
  options: DescribeTopicsOptions,
): Promise<void> {
  const names = keys.toSorted((left, right) => (left < right ? -1 : 1)); // The order in which brokers go through them.
  const partitionsOf = new Map<string, PagedPartition[]>();
  let cursor: Cursor | null = null;
  do {
    const rest: string[] = cursor === null ? names : names.filter((name) => name >= cursor!.topicName);
    const { body }: { body: Decoded<typeof DescribeTopicPartitions.response> } = await call.ask(
      target,
      DescribeTopicPartitions,
      {
        topics: rest.map((name) => ({ name })),
        responsePartitionLimit: options.pagePartitionsMax ?? call.scope.settings.requestItemsMax,
        cursor,
      },
    );
    const next: Cursor | null = body.nextCursor;
    if (next !== null && cursor !== null && !isBehind(next, cursor)) {
      throw new KafkaError(
        'PROTOCOL_VIOLATION',
        `the cursor ${next.topicName}/${next.partitionIndex} does not move on`,
      );
    }
    for (const topic of body.topics) {
      if (topic.name === null || !rounds.isOpen(topic.name)) continue;
      const partitions = partitionsOf.get(topic.name) ?? [];
      partitionsOf.set(topic.name, partitions);
      partitions.push(...topic.partitions);
      // The page's last topic goes on in the next page; all others are whole.
      if (topic.errorCode === 0 && topic.name === next?.topicName) continue;
      rounds.answer(topic.name, topic.errorCode, null, () => described(topic, partitions, options));
    }
    cursor = next;
  } while (cursor !== null);
}

function isBehind(next: Cursor, before: Cursor): boolean {
  if (next.topicName !== before.topicName) return next.topicName > before.topicName;
  return next.partitionIndex > before.partitionIndex;
}

async function askMetadata(
  call: Call,
  { target, keys }: Stop<string>,
  rounds: Rounds<string, TopicDescription>,
  options: DescribeTopicsOptions,
): Promise<void> {
  const request = {
    topics: keys.map((name) => ({ name })),
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: options.includeAuthorizedOperations ?? false,
  };
  const { body } = await call.ask(target, Metadata, request, { versionMin: 4 });
  for (const topic of body.topics) {
    if (topic.name === null) continue;
    rounds.answer(topic.name, topic.errorCode, null, () => described(topic, topic.partitions, options));
  }
}

interface Told {
  readonly name: string | null;
  readonly topicId: Uuid;
  readonly isInternal: boolean;
  readonly topicAuthorizedOperations: number;
}

interface ToldPartition {
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  readonly offlineReplicas: readonly number[];
  readonly eligibleLeaderReplicas?: readonly number[] | null;
  readonly lastKnownElr?: readonly number[] | null;
}

function described(
  topic: Told,
  partitions: readonly ToldPartition[],
  options: DescribeTopicsOptions,
): TopicDescription {
  return {
    name: topic.name ?? '',
    topicId: idOrNone(topic.topicId),
    isInternal: topic.isInternal,
    partitions: partitions
      .map((told) => ({
        partition: told.partitionIndex,
        leader: orNone(told.leaderId),
        leaderEpoch: orNone(told.leaderEpoch),
        replicas: told.replicaNodes,
        isr: told.isrNodes,
        offlineReplicas: told.offlineReplicas,
        eligibleLeaderReplicas: told.eligibleLeaderReplicas ?? undefined,
        lastKnownElr: told.lastKnownElr ?? undefined,
      }))
      .toSorted((left, right) => left.partition - right.partition),
    authorizedOperations:
      options.includeAuthorizedOperations === true ? operationsOf(topic.topicAuthorizedOperations) : undefined,
  };
}

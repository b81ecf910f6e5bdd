import { type Decoded, OffsetCommit, OffsetDelete, OffsetFetch } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import { type CallOptions, wholeNumber } from './admin-options.js';
import type { Call } from './call.js';
import { GROUP, PARTITION, byTopic, lookup, plain } from './keys.js';
import { nothing, orNone, whole } from './numbers.js';
import { Outcomes, attempt } from './outcome.js';
import { perform } from './perform.js';
import { toCoordinators } from './routes.js';

/** An offset that a group shall have committed. */
export interface NewGroupOffset extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number;
  /** Of the last record read; none. */
  readonly leaderEpoch?: number;
  /** Free text beside it; brokers take 4,096 bytes [offset.metadata.max.bytes]. */
  readonly metadata?: string;
}

export interface CommittedGroupOffset {
  readonly offset: number;
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
}

export interface GroupOffsetsQuery {
  readonly groupId: string;
  /** Only these partitions; all that have an offset. */
  readonly partitions?: readonly TopicPartition[];
}

export interface ListGroupOffsetsOptions extends CallOptions {
  /** Offsets of open transactions are waited for: UNSTABLE_OFFSET_COMMIT when the time is over (brokers from 2.5 on); false. */
  readonly requireStable?: boolean;
}

/** Of the partitions that were asked for, those without an offset have undefined. */
export type GroupOffsets = Outcomes<TopicPartition, CommittedGroupOffset | undefined>;

/** Names instead of topic ids: an admin may ask for offsets of topics that are gone. */
const NAMES_MAX = 9;
/** The first version that takes many groups. */
const MANY_GROUPS = 8;
/** The first version that may ask for all that a group has. */
const ALL_PARTITIONS = 2;
const REQUIRE_STABLE = 7;

export function listGroupOffsets(
  call: Call,
  queries: readonly GroupOffsetsQuery[],
  options: ListGroupOffsetsOptions,
): Promise<Outcomes<string, GroupOffsets>> {
  const requireStable = options.requireStable ?? false;
  const wantsAll = queries.some(({ partitions }) => partitions === undefined);
  const limits = { versionMax: NAMES_MAX, versionMin: requireStable ? REQUIRE_STABLE : wantsAll ? ALL_PARTITIONS : 1 };
  const queryOf = lookup(GROUP_OF_QUERY, queries, (query) => query);
  const topicsOf = (groupId: string): RequestedTopics => requested(queryOf({ groupId }).partitions);
  return perform<string, GroupOffsets>(call, {
    kind: GROUP,
    keys: queries.map(({ groupId }) => groupId),
    again: ['UNSTABLE_OFFSET_COMMIT'],
    route: toCoordinators(call, 'group', (groupId) => groupId),
    ask: async ({ target, keys }, rounds) => {
      const stable = (version: number): object => (version >= REQUIRE_STABLE ? { requireStable } : {});
      const settle = (groupId: string, errorCode: number, topics: readonly FetchedTopic[]): void => {
        const unstable = errorCode === 0 ? unstableIn(topics, queryOf({ groupId }).partitions) : undefined;
        if (unstable !== undefined) rounds.refuse(groupId, unstable);
        else rounds.answer(groupId, errorCode, null, () => offsetsIn(topics));
      };
      let unanswered = [...keys];
      while (unanswered.length > 0) {
        const asked = unanswered;
        const [groupId] = asked as [string];
        const { version, body } = await call.ask(
          target,
          OffsetFetch,
          (agreed) =>
            agreed >= MANY_GROUPS
              ? { groups: asked.map((id) => ({ groupId: id, topics: topicsOf(id) })), requireStable }
              : { groupId, topics: topicsOf(groupId), ...stable(agreed) },
          limits,
        );
        if (version < MANY_GROUPS) settle(groupId, body.errorCode, body.topics);
        for (const group of body.groups) settle(group.groupId, group.errorCode, group.topics);
        unanswered = version < MANY_GROUPS ? asked.slice(1) : [];
      }
    },
  });
}

/** Sets offsets without being a member: only while the group has none. */
export function alterGroupOffsets(
  call: Call,
  groupId: string,
  offsets: readonly NewGroupOffset[],
): Promise<Outcomes<TopicPartition, void>> {
  const offsetOf = lookup(PARTITION, offsets, (given) => given);
  for (const { offset } of offsets) wholeNumber(offset, 'the offset', 0, Number.MAX_SAFE_INTEGER);
  return perform<TopicPartition, void>(call, {
    kind: PARTITION,
    keys: offsets.map(plain),
    route: toCoordinators(call, 'group', () => groupId),
    ask: async ({ target, keys }, rounds) => {
      const topics = byTopic(keys).map(({ topic, partitions }) => ({
        name: topic,
        partitions: partitions.map((key) => ({
          partitionIndex: key.partition,
          committedOffset: offsetOf(key).offset,
          committedLeaderEpoch: offsetOf(key).leaderEpoch ?? -1,
          committedMetadata: offsetOf(key).metadata ?? '',
        })),
      }));
      const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics };
      const { body } = await call.ask(target, OffsetCommit, request, { versionMax: NAMES_MAX });
      for (const { name, partitions } of body.topics) {
        for (const { partitionIndex, errorCode } of partitions) {
          rounds.answer({ topic: name, partition: partitionIndex }, errorCode, null, nothing, COMMIT_ADVICE[errorCode]);
        }
      }
    },
  });
}

/** Deletes offsets; refused with GROUP_SUBSCRIBED_TO_TOPIC while a member reads the topic. */
export function deleteGroupOffsets(
  call: Call,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<Outcomes<TopicPartition, void>> {
  return perform<TopicPartition, void>(call, {
    kind: PARTITION,
    keys: partitions.map(plain),
    route: toCoordinators(call, 'group', () => groupId),
    ask: async ({ target, keys }, rounds) => {
      const topics = byTopic(keys).map(({ topic, partitions: of }) => ({
        name: topic,
        partitions: of.map(({ partition }) => ({ partitionIndex: partition })),
      }));
      const { body } = await call.ask(target, OffsetDelete, { groupId, topics });
      const refused = KafkaError.ofCode(body.errorCode, GROUP.text(groupId));
      if (refused !== undefined) return keys.forEach((key) => rounds.refuse(key, refused));
      for (const { name, partitions: told } of body.topics) {
        for (const { partitionIndex, errorCode } of told) {
          rounds.answer({ topic: name, partition: partitionIndex }, errorCode, null, nothing);
        }
      }
    },
  });
}

const MEMBERS_THERE = 'end the members of the group, or commit as one of them';
/** By code: UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION. */
const COMMIT_ADVICE: Readonly<Record<number, string>> = { 25: MEMBERS_THERE, 22: MEMBERS_THERE };

const GROUP_OF_QUERY = {
  id: ({ groupId }: { readonly groupId: string }) => groupId,
  text: ({ groupId }: { readonly groupId: string }) => GROUP.text(groupId),
};

type RequestedTopics = { name: string; partitionIndexes: number[] }[] | null;

function requested(partitions: readonly TopicPartition[] | undefined): RequestedTopics {
  if (partitions === undefined) return null;
  return byTopic(partitions).map(({ topic, partitions: of }) => ({
    name: topic,
    partitionIndexes: of.map(({ partition }) => partition),
  }));
}

type FetchedTopic = Pick<Decoded<typeof OffsetFetch.response>['topics'][number], 'name' | 'partitions'>;

const UNSTABLE = 88;

/** An offset that waits for its transaction makes the group be asked for again. */
function unstableIn(
  topics: readonly FetchedTopic[],
  partitions: readonly TopicPartition[] | undefined,
): KafkaError | undefined {
  if (partitions === undefined) return undefined;
  for (const { name, partitions: told } of topics) {
    const found = told.find(({ errorCode }) => errorCode === UNSTABLE);
    if (found !== undefined) {
      return KafkaError.ofCode(
        UNSTABLE,
        PARTITION.text({ topic: name, partition: found.partitionIndex }),
        'a transaction over it is open',
      );
    }
  }
  return undefined;
}

function offsetsIn(topics: readonly FetchedTopic[]): GroupOffsets {
  return new Outcomes(
    PARTITION,
    topics.flatMap(({ name, partitions }) =>
      partitions.map((told) => {
        const key = { topic: name, partition: told.partitionIndex };
        const outcome = attempt(() => {
          KafkaError.check(told.errorCode, PARTITION.text(key));
          if (told.committedOffset < 0n) return undefined;
          return {
            offset: whole(told.committedOffset, 'the committed offset'),
            leaderEpoch: orNone(told.committedLeaderEpoch),
            metadata: told.metadata ?? '',
          };
        });
        return [key, outcome] as const;
      }),
    ),
  );
}

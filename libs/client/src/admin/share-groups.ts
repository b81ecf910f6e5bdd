import {
  AlterShareGroupOffsets,
  type Decoded,
  DeleteShareGroupOffsets,
  DescribeShareGroupOffsets,
} from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import { type CallOptions, wholeNumber } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import type { GroupOffsetsQuery } from './group-offsets.js';
import { GROUP, PARTITION, TOPIC, byTopic, lookup, plain } from './keys.js';
import { nothing, orNone, wholeOrNone } from './numbers.js';
import { Outcomes, attempt } from './outcome.js';
import { perform } from './perform.js';
import { toCoordinators } from './routes.js';

export interface ShareGroupOffset {
  /** Before it everything is done with; undefined: the group has not read the partition. */
  readonly startOffset: number | undefined;
  readonly leaderEpoch: number | undefined;
  /** How many records are to be delivered; undefined: the broker does not tell (before 4.2). */
  readonly lag: number | undefined;
}

export type ShareGroupOffsets = Outcomes<TopicPartition, ShareGroupOffset>;

export interface ShareStartOffset extends TopicPartition {
  readonly startOffset: number;
}

/** Where share groups stand (KIP-932). Brokers from 4.1 on. */
export class AdminShareGroups {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** Where share groups begin to read; of all partitions that they have read unless some are named. */
  async describeOffsets(
    queries: readonly GroupOffsetsQuery[],
    options: CallOptions = {},
  ): Promise<Outcomes<string, ShareGroupOffsets>> {
    const call = new Call(this.#scope, options);
    const queryOf = new Map(queries.map((query) => [query.groupId, query]));
    return perform<string, ShareGroupOffsets>(call, {
      kind: GROUP,
      keys: queries.map(({ groupId }) => groupId),
      route: toCoordinators(call, 'group', (groupId) => groupId),
      ask: async ({ target, keys }, rounds) => {
        const groups = keys.map((groupId) => {
          const { partitions } = queryOf.get(groupId)!;
          const topics = partitions === undefined ? null : byTopic(partitions).map(indexes);
          return { groupId, topics };
        });
        const { body } = await call.ask(target, DescribeShareGroupOffsets, { groups });
        for (const group of body.groups) {
          rounds.answer(group.groupId, group.errorCode, group.errorMessage, () => offsetsIn(group));
        }
      },
    });
  }

  /** Sets where a share group begins to read, while it has no members. A group that is not there is made. */
  async alterOffsets(
    groupId: string,
    offsets: readonly ShareStartOffset[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, void>> {
    const call = new Call(this.#scope, options);
    for (const { startOffset } of offsets) wholeNumber(startOffset, 'the startOffset', 0, Number.MAX_SAFE_INTEGER);
    const startOf = lookup(PARTITION, offsets, ({ startOffset }) => startOffset);
    return perform<TopicPartition, void>(call, {
      kind: PARTITION,
      keys: offsets.map(plain),
      route: toCoordinators(call, 'group', () => groupId),
      ask: async ({ target, keys }, rounds) => {
        const topics = byTopic(keys).map(({ topic, partitions }) => ({
          topicName: topic,
          partitions: partitions.map((key) => ({ partitionIndex: key.partition, startOffset: startOf(key) })),
        }));
        const { body } = await call.ask(target, AlterShareGroupOffsets, { groupId, topics });
        const refused = KafkaError.ofCode(body.errorCode, GROUP.text(groupId), body.errorMessage);
        if (refused !== undefined) return keys.forEach((key) => rounds.refuse(key, refused));
        for (const { topicName, partitions } of body.responses) {
          for (const { partitionIndex, errorCode, errorMessage } of partitions) {
            rounds.answer({ topic: topicName, partition: partitionIndex }, errorCode, errorMessage, nothing);
          }
        }
      },
    });
  }

  /** Forgets where a share group stands in topics, while it has no members. */
  async deleteOffsets(
    groupId: string,
    topics: readonly string[],
    options: CallOptions = {},
  ): Promise<Outcomes<string, void>> {
    const call = new Call(this.#scope, options);
    return perform<string, void>(call, {
      kind: TOPIC,
      keys: topics,
      route: toCoordinators(call, 'group', () => groupId),
      ask: async ({ target, keys }, rounds) => {
        const request = { groupId, topics: keys.map((topicName) => ({ topicName })) };
        const { body } = await call.ask(target, DeleteShareGroupOffsets, request);
        const refused = KafkaError.ofCode(body.errorCode, GROUP.text(groupId), body.errorMessage);
        if (refused !== undefined) return keys.forEach((key) => rounds.refuse(key, refused));
        for (const { topicName, errorCode, errorMessage } of body.responses) {
          rounds.answer(topicName, errorCode, errorMessage, nothing);
        }
      },
    });
  }
}

type Group = Decoded<typeof DescribeShareGroupOffsets.response>['groups'][number];

function indexes({ topic, partitions }: { topic: string; partitions: readonly TopicPartition[] }): {
  topicName: string;
  partitions: number[];
} {
  return { topicName: topic, partitions: partitions.map(({ partition }) => partition) };
}

function offsetsIn({ topics }: Group): ShareGroupOffsets {
  return new Outcomes(
    PARTITION,
    topics.flatMap(({ topicName, partitions }) =>
      partitions.map((told) => {
        const key = { topic: topicName, partition: told.partitionIndex };
        const outcome = attempt(() => {
          KafkaError.check(told.errorCode, PARTITION.text(key), told.errorMessage);
          return {
            startOffset: wholeOrNone(told.startOffset, 'the start offset'),
            leaderEpoch: orNone(told.leaderEpoch),
            lag: wholeOrNone(told.lag, 'the lag'),
          };
        });
        return [key, outcome] as const;
      }),
    ),
  );
}

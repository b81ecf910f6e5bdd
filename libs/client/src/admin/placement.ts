import { AlterPartitionReassignments, ElectLeaders, ListPartitionReassignments } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions } from './admin-options.js';
import type { Call } from './call.js';
import { PARTITION, byTopic, lookup, plain } from './keys.js';
import { nothing } from './numbers.js';
import { type Outcome, Outcomes, failed, succeeded } from './outcome.js';
import { perform, performOne } from './perform.js';
import { toController } from './routes.js';
import { words } from './words.js';

const ELECTIONS = words('the election', { preferred: 0, unclean: 1 });
/** `preferred`: the first of the replicas. `unclean`: any replica that is alive, at the price of records. */
export type ElectionType = (typeof ELECTIONS.all)[number];

/** Where a partition shall be; null calls the move off that goes on. */
export interface Reassignment extends TopicPartition {
  readonly replicas: readonly number[] | null;
}

export interface ReassignOptions extends CallOptions {
  /** Whether the number of replicas may change (false: brokers from 4.1 on); true. */
  readonly allowReplicationFactorChange?: boolean;
}

/** A move that goes on. */
export interface OngoingReassignment {
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

/** Elects leaders of some partitions, or of all (those that need none are then left out). */
export async function electLeaders(
  call: Call,
  type: ElectionType,
  partitions: readonly TopicPartition[] | undefined,
): Promise<Outcomes<TopicPartition, void>> {
  if (partitions !== undefined && partitions.length === 0) return new Outcomes<TopicPartition, void>(PARTITION, []);
  const topicPartitions = partitions === undefined ? null : topicArray(partitions);
  return performOne(call, 'the election', toController(call), async (target) => {
    const electionType = ELECTIONS.numberOf(type);
    const { body } = await call.ask(
      target,
      ElectLeaders,
      (version) => ({ ...(version >= 1 && { electionType }), topicPartitions, timeoutMs: call.answerMs }),
      { versionMin: type === 'preferred' ? 0 : 1 },
    );
    KafkaError.check(body.errorCode, 'the election');
    const told = body.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ partitionId, errorCode, errorMessage }): readonly [TopicPartition, Outcome<void>] => {
        const key = { topic, partition: partitionId };
        const error = KafkaError.ofCode(errorCode, PARTITION.text(key), errorMessage);
        return [key, error === undefined ? succeeded(undefined) : failed(error)];
      }),
    );
    const answers = new Outcomes(PARTITION, told);
    if (partitions === undefined) return answers;
    return new Outcomes(
      PARTITION,
      partitions.map((key) => [plain(key), answers.get(key) ?? failed(leftOut(key))] as const),
    );
  });
}

export function alterReassignments(
  call: Call,
  moves: readonly Reassignment[],
  options: ReassignOptions,
): Promise<Outcomes<TopicPartition, void>> {
  const { allowReplicationFactorChange = true } = options;
  const replicasOf = lookup(PARTITION, moves, ({ replicas }) => replicas);
  return perform<TopicPartition, void>(call, {
    kind: PARTITION,
    keys: moves.map(plain),
    route: toController(call),
    ask: async ({ target, keys }, rounds) => {
      const topics = byTopic(keys).map(({ topic, partitions }) => ({
        name: topic,
        partitions: partitions.map((key) => ({ partitionIndex: key.partition, replicas: replicasOf(key) })),
      }));
      const { body } = await call.ask(
        target,
        AlterPartitionReassignments,
        { timeoutMs: call.answerMs, allowReplicationFactorChange, topics },
        { versionMin: allowReplicationFactorChange ? 0 : 1 },
      );
      const refused = KafkaError.ofCode(body.errorCode, 'the reassignments', body.errorMessage);
      if (refused !== undefined) return keys.forEach((key) => rounds.refuse(key, refused));
      for (const { name, partitions } of body.responses) {
        for (const { partitionIndex, errorCode, errorMessage } of partitions) {
          rounds.answer({ topic: name, partition: partitionIndex }, errorCode, errorMessage, nothing);
        }
      }
    },
  });
}

/** The moves that go on: partitions that do not move are left out. */
export function listReassignments(
  call: Call,
  partitions: readonly TopicPartition[] | undefined,
): Promise<Outcomes<TopicPartition, OngoingReassignment>> {
  const topics =
    partitions === undefined
      ? null
      : topicArray(partitions).map(({ topic, partitions: indexes }) => ({ name: topic, partitionIndexes: indexes }));
  return performOne(call, 'the reassignments', toController(call), async (target) => {
    const { body } = await call.ask(target, ListPartitionReassignments, { timeoutMs: call.answerMs, topics });
    KafkaError.check(body.errorCode, 'the reassignments', body.errorMessage);
    return new Outcomes(
      PARTITION,
      body.topics.flatMap(({ name, partitions: moving }) =>
        moving.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => {
          const value = { replicas, adding: addingReplicas, removing: removingReplicas };
          return [{ topic: name, partition: partitionIndex }, succeeded(value)] as const;
        }),
      ),
    );
  });
}

function topicArray(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return byTopic(partitions).map(({ topic, partitions: of }) => ({
    topic,
    partitions: of.map(({ partition }) => partition),
  }));
}

function leftOut(key: TopicPartition): KafkaError {
  return new KafkaError('PROTOCOL_VIOLATION', 'the broker left it out of its answer', { about: PARTITION.text(key) });
}

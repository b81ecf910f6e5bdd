import { AlterReplicaLogDirs, type Decoded, DescribeLogDirs } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions } from './admin-options.js';
import type { Call } from './call.js';
import { BROKER, REPLICA, type TopicPartitionReplica, byTopic, grouped, lookup } from './keys.js';
import { nothing, whole, wholeOrNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { toNodes } from './routes.js';

export interface LogDirReplica extends TopicPartition {
  readonly sizeBytes: number;
  /** How far it is behind the log that is in use, in records. */
  readonly offsetLag: number;
  /** It is being copied here, and will be in use once it has caught up. */
  readonly isFuture: boolean;
}

export interface LogDir {
  readonly path: string;
  /** Why the broker does not use it; undefined: it does. */
  readonly error: KafkaError | undefined;
  /** Of the volume; undefined: the broker does not tell (before 3.3). */
  readonly totalBytes: number | undefined;
  readonly usableBytes: number | undefined;
  /** No new replicas are put here (brokers from 4.3 on). */
  readonly isCordoned: boolean;
  readonly replicas: readonly LogDirReplica[];
}

export interface DescribeLogDirsOptions extends CallOptions {
  /** Only these partitions; all. */
  readonly partitions?: readonly TopicPartition[];
}

/** A replica that shall be in another directory of its broker. */
export interface ReplicaMove extends TopicPartitionReplica {
  /** The directory's absolute path on the broker. */
  readonly path: string;
}

export function describeLogDirs(
  call: Call,
  nodeIds: readonly number[],
  options: DescribeLogDirsOptions,
): Promise<Outcomes<number, readonly LogDir[]>> {
  const topics =
    options.partitions === undefined
      ? null
      : byTopic(options.partitions).map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => partition),
        }));
  return perform<number, readonly LogDir[]>(call, {
    kind: BROKER,
    keys: nodeIds,
    route: toNodes((nodeId) => nodeId),
    ask: async ({ target, keys }, rounds) => {
      const [nodeId] = keys as [number];
      const { body } = await call.ask(target, DescribeLogDirs, { topics });
      rounds.answer(nodeId, body.errorCode, null, () => {
        // Before version 3 a broker that refuses the whole request answers with no directory at all.
        return body.results.map((dir) => logDir(nodeId, dir));
      });
    },
  });
}

export function alterReplicaLogDirs(
  call: Call,
  moves: readonly ReplicaMove[],
): Promise<Outcomes<TopicPartitionReplica, void>> {
  const pathOf = lookup(REPLICA, moves, ({ path }) => path);
  return perform<TopicPartitionReplica, void>(call, {
    kind: REPLICA,
    keys: moves.map(({ topic, partition, nodeId }) => ({ topic, partition, nodeId })),
    route: toNodes(({ nodeId }) => nodeId),
    ask: async ({ target, keys }, rounds) => {
      const dirs = [...grouped(keys, pathOf)].map(([path, replicas]) => ({
        path,
        topics: byTopic(replicas).map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map(({ partition }) => partition),
        })),
      }));
      const { nodeId } = keys[0]!;
      const { body } = await call.ask(target, AlterReplicaLogDirs, { dirs });
      for (const { topicName, partitions } of body.results) {
        for (const { partitionIndex, errorCode } of partitions) {
          rounds.answer({ topic: topicName, partition: partitionIndex, nodeId }, errorCode, null, nothing);
        }
      }
    },
  });
}

type Dir = Decoded<typeof DescribeLogDirs.response>['results'][number];

function logDir(nodeId: number, dir: Dir): LogDir {
  return {
    path: dir.logDir,
    error: KafkaError.ofCode(dir.errorCode, `broker ${nodeId}, ${dir.logDir}`),
    totalBytes: wholeOrNone(dir.totalBytes, 'the size of a volume'),
    usableBytes: wholeOrNone(dir.usableBytes, 'the free space of a volume'),
    isCordoned: dir.isCordoned,
    replicas: dir.topics.flatMap(({ name, partitions }) =>
      partitions.map((told) => ({
        topic: name,
        partition: told.partitionIndex,
        sizeBytes: whole(told.partitionSize, 'the size of a replica'),
        offsetLag: whole(told.offsetLag, 'the lag of a replica'),
        isFuture: told.isFutureKey,
      })),
    ),
  };
}

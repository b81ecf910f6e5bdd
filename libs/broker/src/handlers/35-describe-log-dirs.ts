import {
  DescribeLogDirs,
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponse,
  errorCode,
} from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import type { Partition } from '../replica/partition.js';
import { handler } from '../server/handler.js';

type TopicResult = DescribeLogDirsResponse['results'][number]['topics'][number];

const UNKNOWN = -1;

/**
 * DescribeLogDirs (35), versions 1 to 5: what this broker's directory holds, with sizes.
 *
 * Null topics are all topics; partitions that are not here are left out. The volume's size and what is left of it come
 * with 4+. A directory whose size cannot be read is told with KAFKA_STORAGE_ERROR, as Kafka tells an offline one.
 *
 * Not done: there is one directory, so nothing moves between directories (`is_future_key` is false, nothing is cordoned),
 * and this node leads all its partitions (`offset_lag` is 0).
 */
export const describeLogDirs = handler({
  api: DescribeLogDirs,
  async handle(request, { replicas }) {
    const { dir } = replicas.logs;
    try {
      const { freeBytes, totalBytes } = await replicas.logs.space();
      const topics = describe(replicas, request.topics);
      const result = { errorCode: 0, logDir: dir, topics, totalBytes, usableBytes: freeBytes };
      return { throttleTimeMs: 0, errorCode: 0, results: [result] };
    } catch (reason) {
      if (!(reason instanceof Error)) throw reason;
      const result = { errorCode: errorCode('KAFKA_STORAGE_ERROR'), logDir: dir, topics: [] };
      return { throttleTimeMs: 0, errorCode: 0, results: [{ ...result, totalBytes: UNKNOWN, usableBytes: UNKNOWN }] };
    }
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), results: [] }),
});

function describe(replicas: Parts['replicas'], asked: DescribeLogDirsRequest['topics']): TopicResult[] {
  const byTopic = new Map<string, Partition[]>();
  for (const partition of asked === null ? replicas.partitions() : chosen(replicas, asked)) {
    const list = byTopic.get(partition.topic);
    if (list === undefined) byTopic.set(partition.topic, [partition]);
    else list.push(partition);
  }
  return [...byTopic].map(([name, partitions]) => ({
    name,
    partitions: partitions
      .toSorted((left, right) => left.index - right.index)
      .map(({ index, log }) => ({
        partitionIndex: index,
        partitionSize: log.sizeBytes,
        offsetLag: 0,
        isFutureKey: false,
      })),
  }));
}

function chosen(replicas: Parts['replicas'], asked: NonNullable<DescribeLogDirsRequest['topics']>): Set<Partition> {
  const found = new Set<Partition>();
  for (const { topic, partitions } of asked) {
    for (const index of partitions) {
      const partition = replicas.partition(topic, index);
      if (partition !== undefined) found.add(partition);
    }
  }
  return found;
}

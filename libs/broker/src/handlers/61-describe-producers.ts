import { ApiError } from '@trunkline/kernel';
import { topicNameFault } from '@trunkline/metadata';
import { DescribeProducers, type DescribeProducersResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

type PartitionResult = DescribeProducersResponse['topics'][number]['partitions'][number];

/**
 * DescribeProducers (61), version 0: the idempotent and transactional producers that a partition remembers, with the
 * last sequence and the start of an open transaction. It is asked of the partition's leader.
 *
 * Not done: nothing.
 */
export const describeProducers = handler({
  api: DescribeProducers,
  handle: (request, { replicas }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => describeOne(replicas, name, index)),
    })),
  }),
  failed: (request, error) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => refused(index, error.code, error.message)),
    })),
  }),
});

function describeOne(replicas: Parts['replicas'], topic: string, partitionIndex: number): PartitionResult {
  try {
    const fault = topicNameFault(topic);
    if (fault !== undefined) throw new ApiError('INVALID_TOPIC_EXCEPTION', fault);
    const partition = replicas.mustFind(topic, partitionIndex);
    partition.mustLead();
    const activeProducers = partition.log.activeProducers().map(({ lastTimestampMs, ...producer }) => ({
      ...producer,
      lastTimestamp: lastTimestampMs,
    }));
    return { partitionIndex, errorCode: 0, activeProducers };
  } catch (reason) {
    const { code, message } = partitionError(reason);
    return refused(partitionIndex, code, message);
  }
}

function refused(partitionIndex: number, code: string, errorMessage: string): PartitionResult {
  return { partitionIndex, errorCode: errorCode(code), errorMessage, activeProducers: [] };
}

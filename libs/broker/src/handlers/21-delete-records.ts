import { ApiError } from '@trunkline/kernel';
import { INTERNAL_TOPICS } from '@trunkline/metadata';
import { DeleteRecords, type DeleteRecordsResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { clampedOffset } from '../replica/clamped-offset.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

type PartitionResult = DeleteRecordsResponse['topics'][number]['partitions'][number];

const NO_WATERMARK = -1;

/**
 * DeleteRecords (21), versions 0 to 2: moves a partition's log start forward, for good when it is answered.
 *
 * -1 is the high watermark; above it, or below zero: OFFSET_OUT_OF_RANGE; at or below the log's start: nothing happens
 * and no error. The answer tells the log's start. Whole segments behind it go at once, the rest of one with retention.
 *
 * Not done: `timeout_ms` is not looked at; there are no other replicas to wait for, and the disk is waited for.
 */
export const deleteRecords = handler({
  api: DeleteRecords,
  async handle(request, { replicas }) {
    const asked = request.topics.filter(({ partitions }) => partitions.length > 0);
    const topics = asked.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(({ partitionIndex, offset }) => deleteOne(replicas, name, partitionIndex, offset)),
      ),
    }));
    return { throttleTimeMs: 0, topics: await Promise.all(topics) };
  },
  failed: (request, error) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => refused(partitionIndex, error)),
    })),
  }),
});

async function deleteOne(
  replicas: Parts['replicas'],
  topic: string,
  partitionIndex: number,
  before: bigint,
): Promise<PartitionResult> {
  try {
    const partition = replicas.mustFind(topic, partitionIndex);
    if (INTERNAL_TOPICS.has(topic)) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', `${topic} is the broker's own: its records are not for deleting`);
    }
    return { partitionIndex, lowWatermark: await partition.deleteRecords(clampedOffset(before)), errorCode: 0 };
  } catch (reason) {
    return refused(partitionIndex, partitionError(reason));
  }
}

function refused(partitionIndex: number, error: ApiError): PartitionResult {
  return { partitionIndex, lowWatermark: NO_WATERMARK, errorCode: errorCode(error.code) };
}

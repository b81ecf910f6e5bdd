import { ApiError } from '@trunkline/kernel';
import { INTERNAL_TOPICS } from '@trunkline/metadata';
import { DeleteRecords, type DeleteRecordsResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { clampedOffset } from '../replica/clamped-offset.js';
import { PendingDeletion } from '../replica/deletion.js';
import { handler } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { partitionError } from './partition-error.js';

type PartitionResult = DeleteRecordsResponse['topics'][number]['partitions'][number];

const NO_WATERMARK = -1;

/**
 * DeleteRecords (21), versions 0 to 2: moves a partition's log start forward, for good when it is answered.
 *
 * -1 is the high watermark; above it, or below zero: OFFSET_OUT_OF_RANGE; at or below the log's start: nothing happens
 * and no error. Whole segments behind it go at once, the rest of one with retention. Answered once all replicas in sync
 * have moved their start as well, with the lowest of them; after `timeout_ms`: REQUEST_TIMED_OUT, and they follow later.
 */
export const deleteRecords = handler({
  api: DeleteRecords,
  async handle(request, parts, context) {
    const asked = request.topics.filter(({ partitions }) => partitions.length > 0);
    const topics = asked.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map((wish) => deleteOne(name, wish, { parts, context, timeoutMs: request.timeoutMs })),
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

interface Asked {
  readonly parts: Parts;
  readonly context: RequestContext;
  readonly timeoutMs: number;
}

async function deleteOne(
  topic: string,
  { partitionIndex, offset }: { readonly partitionIndex: number; readonly offset: bigint },
  { parts, context, timeoutMs }: Asked,
): Promise<PartitionResult> {
  try {
    const partition = parts.replicas.mustFind(topic, partitionIndex);
    if (INTERNAL_TOPICS.has(topic)) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', `${topic} is the broker's own: its records are not for deleting`);
    }
    const start = await partition.deleteRecords(clampedOffset(offset));
    const pending = new PendingDeletion(partition, start);
    if (!pending.isDone) {
      if (!parts.delayed.enter(pending, timeoutMs, context)) throw tooMany();
      await pending.settled();
    }
    return { partitionIndex, lowWatermark: partition.lowWatermark, errorCode: 0 };
  } catch (reason) {
    return refused(partitionIndex, partitionError(reason));
  }
}

function tooMany(): ApiError {
  return new ApiError('REQUEST_TIMED_OUT', 'too many requests of this connection, or of all, wait');
}

function refused(partitionIndex: number, error: ApiError): PartitionResult {
  return { partitionIndex, lowWatermark: NO_WATERMARK, errorCode: errorCode(error.code) };
}

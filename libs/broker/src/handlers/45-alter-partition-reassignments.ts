import { AlterPartitionReassignments } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

/**
 * AlterPartitionReassignments (45), v0 and v1: gives partitions other replicas, each for itself; null takes back what is
 * under way. Answered when it has begun; it ends when all of them are in sync (KIP-455).
 */
export const alterPartitionReassignments = handler<typeof AlterPartitionReassignments>({
  api: AlterPartitionReassignments,
  handle: async ({ timeoutMs, allowReplicationFactorChange, topics }, { metadata, clock }) => {
    refuseLarge(
      topics.reduce((sum, { partitions }) => sum + partitions.length, 0),
      CHANGED_MAX,
    );
    const wanted = topics.map(({ name, partitions }) => ({ topic: name, partitions }));
    const work = metadata.submit((controller) =>
      controller.alterReassignments({ allowReplicationFactorChange, topics: wanted }),
    );
    const outcomes = [...(await inTime(clock, timeoutMs, work))];
    const responses = topics.map(({ name, partitions }) => ({
      name,
      partitions: outcomes.splice(0, partitions.length).map(({ partitionIndex, error }) => ({
        partitionIndex,
        ...adminError(error),
      })),
    }));
    return { throttleTimeMs: 0, allowReplicationFactorChange, ...adminError(undefined), responses };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, ...adminError(error), responses: [] }),
});

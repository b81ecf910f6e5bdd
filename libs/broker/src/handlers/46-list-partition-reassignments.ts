import { listReassignments } from '@trunkline/metadata';
import { ListPartitionReassignments } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { byTopic } from './by-topic.js';
import { DESCRIBED_MAX, refuseLarge } from './request-size.js';

/**
 * ListPartitionReassignments (46), v0: the reassignments under way, of some partitions or of all. Answered from this
 * node's image: what another broker was asked for is in it once that is answered.
 */
export const listPartitionReassignments = handler<typeof ListPartitionReassignments>({
  api: ListPartitionReassignments,
  handle: ({ topics }, { metadata }) => {
    refuseLarge(topics?.reduce((sum, { partitionIndexes }) => sum + partitionIndexes.length, 0) ?? 0, DESCRIBED_MAX);
    const asked = topics?.map(({ name, partitionIndexes }) => ({ topic: name, partitions: partitionIndexes }));
    const told = [...byTopic(listReassignments(metadata.image.topics, asked))].map(([name, ongoing]) => ({
      name,
      partitions: ongoing.map(({ partition: { index, replicas, addingReplicas, removingReplicas } }) => ({
        partitionIndex: index,
        replicas,
        addingReplicas,
        removingReplicas,
      })),
    }));
    return { throttleTimeMs: 0, ...adminError(undefined), topics: told };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, ...adminError(error), topics: [] }),
});

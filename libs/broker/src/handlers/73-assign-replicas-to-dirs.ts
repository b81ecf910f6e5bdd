import { nodeId } from '@trunkline/kernel';
import { AssignReplicasToDirs, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

/** AssignReplicasToDirs (73), v0: a broker tells in which of its directories replicas are, each for itself (KIP-858). */
export const assignReplicasToDirs = handler<typeof AssignReplicasToDirs>({
  api: AssignReplicasToDirs,
  between: 'nodes',
  handle: async ({ brokerId, brokerEpoch, directories }, { metadata }) => {
    const wanted = directories.map(({ id, topics }) => ({
      id,
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => partitionIndex),
      })),
    }));
    const outcomes = await metadata.submit((controller) =>
      controller.assignReplicasToDirs({ brokerId: nodeId(brokerId), brokerEpoch, directories: wanted }),
    );
    const left = [...outcomes];
    const answers = directories.map(({ id, topics }) => ({
      id,
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: left.splice(0, partitions.length).map(({ partitionIndex, error }) => ({
          partitionIndex,
          errorCode: error === undefined ? 0 : errorCode(error.code),
        })),
      })),
    }));
    return { throttleTimeMs: 0, errorCode: 0, directories: answers };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), directories: [] }),
});

import { nodeId } from '@trunkline/kernel';
import type { IsrOutcome, LeaderRecoveryState } from '@trunkline/metadata';
import { AlterPartition, type AlterPartitionRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

type PartitionRequest = AlterPartitionRequest['topics'][number]['partitions'][number];
type PartitionAnswer = ResponseOf<typeof AlterPartition>['topics'][number]['partitions'][number];

/**
 * AlterPartition (56), v2 and v3: a leader asks for other ISRs, each for itself, by compare-and-set on the partition's
 * epoch (KIP-497), and from v3 on on the epochs of those that shall be in it (KIP-903). Answered with the partition's
 * state once it is committed.
 */
export const alterPartition = handler<typeof AlterPartition>({
  api: AlterPartition,
  between: 'nodes',
  handle: async ({ brokerId, brokerEpoch, topics }, { metadata }) => {
    const wanted = topics.map(({ topicId, partitions }) => ({ topicId, partitions: partitions.map(proposalOf) }));
    const answer = await metadata.submit((controller) =>
      controller.alterPartitions({ brokerId: nodeId(brokerId), brokerEpoch, topics: wanted }),
    );
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      topics: answer.topics.map(({ topicId, partitions }) => ({ topicId, partitions: partitions.map(answerOf) })),
    };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), topics: [] }),
});

function proposalOf(partition: PartitionRequest) {
  const { partitionIndex, leaderEpoch, newIsr, newIsrWithEpochs, leaderRecoveryState, partitionEpoch } = partition;
  const plain = newIsr.map((id) => ({ brokerId: id, brokerEpoch: -1n }));
  const members = newIsrWithEpochs.length > 0 ? newIsrWithEpochs : plain;
  return {
    partitionIndex,
    leaderEpoch,
    newIsr: members.map((member) => ({ brokerId: nodeId(member.brokerId), brokerEpoch: member.brokerEpoch })),
    leaderRecoveryState: leaderRecoveryState as LeaderRecoveryState,
    partitionEpoch,
  };
}

function answerOf({ partitionIndex, error, partition }: IsrOutcome): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: error === undefined ? 0 : errorCode(error.code),
    leaderId: partition?.leader ?? -1,
    leaderEpoch: partition?.leaderEpoch ?? -1,
    isr: partition?.isr ?? [],
    leaderRecoveryState: partition?.leaderRecoveryState ?? 0,
    partitionEpoch: partition?.partitionEpoch ?? -1,
  };
}

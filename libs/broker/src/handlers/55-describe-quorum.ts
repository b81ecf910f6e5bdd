import { METADATA_TOPIC } from '@trunkline/metadata';
import { DescribeQuorum, type DescribeQuorumRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import type { ReplicaProgress } from '@trunkline/raft';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';

type Answer = ResponseOf<typeof DescribeQuorum>;
type Partition = Answer['topics'][number]['partitions'][number];
type Replica = Partition['currentVoters'][number];

const UNKNOWN = -1;
/** From here on it tells of directories and addresses (KIP-853). */
const TELLS_OF_DISKS = 2;

/**
 * DescribeQuorum (55), v0 to v2: who leads the metadata, who votes, who only follows, and how far each is.
 *
 * Answered by the leader; any node hands the question on. Another partition: UNKNOWN_TOPIC_OR_PARTITION. A cluster of
 * one tells of itself.
 */
export const describeQuorum = handler<typeof DescribeQuorum>({
  api: DescribeQuorum,
  handle: (request, parts, { apiVersion }) => {
    if (!asksForMetadata(request)) return refusedInEach(request, 'UNKNOWN_TOPIC_OR_PARTITION');
    const { quorum } = parts;
    if (quorum === undefined) return answerOf(alone(parts), [], apiVersion);
    const { role, leaderId = UNKNOWN, epoch, highWatermark, voters, ...status } = quorum.status;
    if (role !== 'leader') return refusedInEach(request, 'NOT_LEADER_OR_FOLLOWER');
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      errorMessage: null,
      leaderId,
      leaderEpoch: epoch,
      highWatermark,
      currentVoters: status.voterProgress.map((replica) => stateOf(replica, parts)),
      observers: status.observerProgress.map((replica) => stateOf(replica, parts)),
    };
    const nodes = voters.map(({ id, endpoints }) => ({ nodeId: id, listeners: endpoints }));
    return answerOf(partition, nodes, apiVersion);
  },
  failed: (_request, error) => ({
    errorCode: errorCode(error.code),
    errorMessage: error.detail,
    topics: [],
    nodes: [],
  }),
});

function asksForMetadata({ topics }: DescribeQuorumRequest): boolean {
  const [topic, ...others] = topics;
  if (topic?.topicName !== METADATA_TOPIC || others.length > 0) return false;
  return topic.partitions.length === 1 && topic.partitions[0]!.partitionIndex === 0;
}

function refusedInEach({ topics }: DescribeQuorumRequest, code: string): Answer {
  const nothing = {
    errorCode: errorCode(code),
    errorMessage: null,
    leaderId: UNKNOWN,
    leaderEpoch: UNKNOWN,
    highWatermark: UNKNOWN,
    currentVoters: [],
    observers: [],
  };
  return {
    errorCode: 0,
    errorMessage: null,
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...nothing })),
    })),
    nodes: [],
  };
}

function answerOf(partition: Partition, nodes: NonNullable<Answer['nodes']>, apiVersion: number): Answer {
  const { currentVoters, observers } = partition;
  const isNew = apiVersion >= TELLS_OF_DISKS;
  const told = isNew
    ? partition
    : { ...partition, currentVoters: currentVoters.map(withoutDisk), observers: observers.map(withoutDisk) };
  return {
    errorCode: 0,
    errorMessage: null,
    topics: [{ topicName: METADATA_TOPIC, partitions: [told] }],
    ...(isNew && { nodes }),
  };
}

function withoutDisk({ replicaDirectoryId: _untold, ...replica }: Replica): Replica {
  return replica;
}

function alone({ config, directoryId, metadata, clock }: Parts): Partition {
  const { endOffset } = metadata.image;
  const self = {
    replicaId: config.nodeId,
    replicaDirectoryId: directoryId,
    logEndOffset: endOffset,
    lastFetchTimestamp: clock.nowMs(),
    lastCaughtUpTimestamp: clock.nowMs(),
  };
  return {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    leaderId: config.nodeId,
    leaderEpoch: metadata.role.epoch,
    highWatermark: endOffset,
    currentVoters: [self],
    observers: [],
  };
}

/** Raft's clock only goes on; people read a calendar. */
function stateOf(replica: ReplicaProgress, { clock }: Parts) {
  const timestamp = (atMs: number | undefined): number =>
    atMs === undefined ? UNKNOWN : Math.round(clock.nowMs() - (clock.monotonicMs() - atMs));
  return {
    replicaId: replica.id,
    replicaDirectoryId: replica.directoryId,
    logEndOffset: replica.logEndOffset ?? UNKNOWN,
    lastFetchTimestamp: timestamp(replica.lastFetchAtMs),
    lastCaughtUpTimestamp: timestamp(replica.lastCaughtUpAtMs),
  };
}

import { METADATA_TOPIC } from '@trunkline/metadata';
import { Vote, errorCode } from '@trunkline/protocol';
import type { VoteRequest, VoteResponse } from '@trunkline/raft';
import { isNamedMetadata } from './metadata-partition.js';
import {
  type WireForm,
  bareLeadership,
  isTopLevel,
  onlyOne,
  readClusterId,
  readEpoch,
  readLeadership,
  readNode,
  readOffset,
  writeClusterId,
  writeEndpoints,
  writeLeadership,
} from './wire-form.js';

/** Vote (52). */
export const voteForm: WireForm<typeof Vote, VoteRequest, VoteResponse> = {
  api: Vote,
  writeRequest: (request) => {
    const { clusterId, voterId, voterDirectoryId, replicaEpoch, replicaId, replicaDirectoryId } = request;
    const { lastOffsetEpoch, lastOffset, preVote } = request;
    const partition = {
      partitionIndex: 0,
      replicaEpoch,
      replicaId,
      replicaDirectoryId,
      voterDirectoryId,
      lastOffsetEpoch,
      lastOffset,
      preVote,
    };
    return {
      clusterId: writeClusterId(clusterId),
      voterId,
      topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
    };
  },
  readRequest: ({ clusterId, voterId, topics }) => {
    const partition = onlyOne(topics, isNamedMetadata);
    return {
      api: 'vote',
      clusterId: readClusterId(clusterId),
      voterId: readNode(voterId),
      voterDirectoryId: partition.voterDirectoryId,
      replicaEpoch: readEpoch(partition.replicaEpoch),
      replicaId: readNode(partition.replicaId),
      replicaDirectoryId: partition.replicaDirectoryId,
      lastOffsetEpoch: readEpoch(partition.lastOffsetEpoch),
      lastOffset: readOffset(partition.lastOffset),
      preVote: partition.preVote,
    };
  },
  writeResponse: (response, world) => {
    if (isTopLevel(response)) return { errorCode: errorCode(response.errorCode), topics: [] };
    const partition = { partitionIndex: 0, ...writeLeadership(response), voteGranted: response.voteGranted };
    return {
      errorCode: 0,
      topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
      nodeEndpoints: writeEndpoints(response.nodeEndpoints, world),
    };
  },
  readResponse: (told, world) => {
    if (told.errorCode !== 0) return { api: 'vote', ...bareLeadership(told.errorCode), voteGranted: false };
    const partition = onlyOne(told.topics, isNamedMetadata);
    const leadership = readLeadership(partition, told.nodeEndpoints, world);
    return { api: 'vote', ...leadership, voteGranted: partition.voteGranted };
  },
};

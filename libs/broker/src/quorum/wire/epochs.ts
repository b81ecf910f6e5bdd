import { METADATA_TOPIC } from '@trunkline/metadata';
import { BeginQuorumEpoch, EndQuorumEpoch, errorCode } from '@trunkline/protocol';
import type {
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  Leadership,
} from '@trunkline/raft';
import type { Told } from '../../peers/peers.js';
import { isNamedMetadata } from './metadata-partition.js';
import {
  type WireForm,
  type WireWorld,
  bareLeadership,
  isTopLevel,
  onlyOne,
  readClusterId,
  readEndpoints,
  readEpoch,
  readLeadership,
  readNode,
  writeClusterId,
  writeEndpoints,
  writeLeadership,
} from './wire-form.js';

/** BeginQuorumEpoch (53). */
export const beginQuorumEpochForm: WireForm<
  typeof BeginQuorumEpoch,
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse
> = {
  api: BeginQuorumEpoch,
  writeRequest: ({ clusterId, voterId, voterDirectoryId, leaderId, leaderEpoch, leaderEndpoints }) => ({
    clusterId: writeClusterId(clusterId),
    voterId,
    topics: [
      {
        topicName: METADATA_TOPIC,
        partitions: [{ partitionIndex: 0, voterDirectoryId, leaderId, leaderEpoch }],
      },
    ],
    leaderEndpoints,
  }),
  readRequest: ({ clusterId, voterId, topics, leaderEndpoints }) => {
    const { voterDirectoryId, leaderId, leaderEpoch } = onlyOne(topics, isNamedMetadata);
    return {
      api: 'begin-quorum-epoch',
      clusterId: readClusterId(clusterId),
      voterId: readNode(voterId),
      voterDirectoryId,
      leaderId: readNode(leaderId),
      leaderEpoch: readEpoch(leaderEpoch),
      leaderEndpoints: readEndpoints(leaderEndpoints),
    };
  },
  writeResponse: (response, world) => writeAnswer(response, world),
  readResponse: (told, world) => ({ api: 'begin-quorum-epoch', ...readAnswer(told, world) }),
};

/** EndQuorumEpoch (54). */
export const endQuorumEpochForm: WireForm<typeof EndQuorumEpoch, EndQuorumEpochRequest, EndQuorumEpochResponse> = {
  api: EndQuorumEpoch,
  writeRequest: ({ clusterId, leaderId, leaderEpoch, preferredCandidates, leaderEndpoints }) => ({
    clusterId: writeClusterId(clusterId),
    topics: [
      {
        topicName: METADATA_TOPIC,
        partitions: [{ partitionIndex: 0, leaderId, leaderEpoch, preferredCandidates }],
      },
    ],
    leaderEndpoints,
  }),
  readRequest: ({ clusterId, topics, leaderEndpoints }) => {
    const { leaderId, leaderEpoch, preferredCandidates } = onlyOne(topics, isNamedMetadata);
    return {
      api: 'end-quorum-epoch',
      clusterId: readClusterId(clusterId),
      leaderId: readNode(leaderId),
      leaderEpoch: readEpoch(leaderEpoch),
      preferredCandidates: preferredCandidates.map(({ candidateId, candidateDirectoryId }) => ({
        candidateId: readNode(candidateId),
        candidateDirectoryId,
      })),
      leaderEndpoints: readEndpoints(leaderEndpoints),
    };
  },
  writeResponse: (response, world) => writeAnswer(response, world),
  readResponse: (told, world) => ({ api: 'end-quorum-epoch', ...readAnswer(told, world) }),
};

function writeAnswer(response: Leadership, world: WireWorld) {
  if (isTopLevel(response)) return { errorCode: errorCode(response.errorCode), topics: [] };
  const partition = { partitionIndex: 0, ...writeLeadership(response) };
  return {
    errorCode: 0,
    topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
    nodeEndpoints: writeEndpoints(response.nodeEndpoints, world),
  };
}

/** Both answers have the same form. */
function readAnswer(told: Told<typeof BeginQuorumEpoch> | Told<typeof EndQuorumEpoch>, world: WireWorld): Leadership {
  if (told.errorCode !== 0) return bareLeadership(told.errorCode);
  return readLeadership(onlyOne(told.topics, isNamedMetadata), told.nodeEndpoints, world);
}

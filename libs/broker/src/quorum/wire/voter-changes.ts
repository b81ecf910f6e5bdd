import { AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter, errorCode } from '@trunkline/protocol';
import type {
  AddRaftVoterRequest,
  RemoveRaftVoterRequest,
  UpdateRaftVoterRequest,
  VoterChangeResponse,
} from '@trunkline/raft';
import {
  type WireForm,
  bareLeadership,
  endpointOf,
  readClusterId,
  readEndpoints,
  readEpoch,
  readLeadership,
  readNode,
  writeClusterId,
  writeLeadership,
} from './wire-form.js';

/** Versions of the quorum's own protocol that a voter of ours knows (KIP-853). */
const KRAFT_VERSIONS = { minSupportedVersion: 0, maxSupportedVersion: 1 };

/** AddRaftVoter (80). Its answer does not say who leads. */
export const addRaftVoterForm: WireForm<typeof AddRaftVoter, AddRaftVoterRequest, VoterChangeResponse> = {
  api: AddRaftVoter,
  writeRequest: ({ clusterId, timeoutMs, voterId, voterDirectoryId, listeners, ackWhenCommitted }) => ({
    clusterId: writeClusterId(clusterId),
    timeoutMs,
    voterId,
    voterDirectoryId,
    listeners,
    ackWhenCommitted,
  }),
  readRequest: ({ clusterId, timeoutMs, voterId, voterDirectoryId, listeners, ackWhenCommitted }) => ({
    api: 'add-raft-voter',
    clusterId: readClusterId(clusterId),
    timeoutMs: Math.max(1, timeoutMs),
    voterId: readNode(voterId),
    voterDirectoryId,
    listeners: readEndpoints(listeners),
    ackWhenCommitted,
  }),
  writeResponse: ({ errorCode: code, errorMessage = null }) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(code),
    errorMessage,
  }),
  readResponse: ({ errorCode: code, errorMessage }) => ({
    api: 'add-raft-voter',
    ...bareLeadership(code),
    errorMessage: errorMessage ?? undefined,
  }),
};

/** RemoveRaftVoter (81). Its answer does not say who leads. */
export const removeRaftVoterForm: WireForm<typeof RemoveRaftVoter, RemoveRaftVoterRequest, VoterChangeResponse> = {
  api: RemoveRaftVoter,
  writeRequest: ({ clusterId, voterId, voterDirectoryId }) => ({
    clusterId: writeClusterId(clusterId),
    voterId,
    voterDirectoryId,
  }),
  readRequest: ({ clusterId, voterId, voterDirectoryId }) => ({
    api: 'remove-raft-voter',
    clusterId: readClusterId(clusterId),
    voterId: readNode(voterId),
    voterDirectoryId,
  }),
  writeResponse: ({ errorCode: code, errorMessage = null }) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(code),
    errorMessage,
  }),
  readResponse: ({ errorCode: code, errorMessage }) => ({
    api: 'remove-raft-voter',
    ...bareLeadership(code),
    errorMessage: errorMessage ?? undefined,
  }),
};

/** UpdateRaftVoter (82). Its answer has no text. */
export const updateRaftVoterForm: WireForm<typeof UpdateRaftVoter, UpdateRaftVoterRequest, VoterChangeResponse> = {
  api: UpdateRaftVoter,
  writeRequest: ({ clusterId, currentLeaderEpoch, voterId, voterDirectoryId, listeners }) => ({
    clusterId: writeClusterId(clusterId),
    currentLeaderEpoch,
    voterId,
    voterDirectoryId,
    listeners,
    kRaftVersionFeature: KRAFT_VERSIONS,
  }),
  readRequest: ({ clusterId, currentLeaderEpoch, voterId, voterDirectoryId, listeners }) => ({
    api: 'update-raft-voter',
    clusterId: readClusterId(clusterId),
    currentLeaderEpoch: readEpoch(currentLeaderEpoch),
    voterId: readNode(voterId),
    voterDirectoryId,
    listeners: readEndpoints(listeners),
  }),
  writeResponse: (response, { listenerName }) => {
    const { errorCode: code, leaderId, leaderEpoch } = writeLeadership(response);
    const leader = response.nodeEndpoints.find(({ id }) => id === leaderId);
    const { host, port } = endpointOf(leader?.endpoints ?? [], listenerName) ?? { host: '', port: 0 };
    return { throttleTimeMs: 0, errorCode: code, currentLeader: { leaderId, leaderEpoch, host, port } };
  },
  readResponse: ({ errorCode: code, currentLeader }, world) => {
    const { leaderId, leaderEpoch, host, port } = currentLeader;
    const endpoints = host === '' ? [] : [{ nodeId: leaderId, host, port }];
    const leadership = readLeadership({ errorCode: code, leaderId, leaderEpoch }, endpoints, world);
    return { api: 'update-raft-voter', ...leadership, errorMessage: undefined };
  },
};

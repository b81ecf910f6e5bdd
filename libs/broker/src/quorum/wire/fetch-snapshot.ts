import { METADATA_TOPIC } from '@trunkline/metadata';
import { FetchSnapshot, errorCode } from '@trunkline/protocol';
import type { FetchSnapshotRequest, FetchSnapshotResponse } from '@trunkline/raft';
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

const isMetadata = ({ name }: { readonly name: string }): boolean => name === METADATA_TOPIC;

/** FetchSnapshot (59). */
export const fetchSnapshotForm: WireForm<typeof FetchSnapshot, FetchSnapshotRequest, FetchSnapshotResponse> = {
  api: FetchSnapshot,
  writeRequest: ({ clusterId, replicaId, maxBytes, ...rest }) => {
    const { replicaDirectoryId, currentLeaderEpoch, snapshotId, position } = rest;
    const partition = { partition: 0, currentLeaderEpoch, snapshotId, position, replicaDirectoryId };
    const topics = [{ name: METADATA_TOPIC, partitions: [partition] }];
    return { clusterId: writeClusterId(clusterId), replicaId, maxBytes, topics };
  },
  readRequest: ({ clusterId, replicaId, maxBytes, topics }) => {
    const { currentLeaderEpoch, snapshotId, position, replicaDirectoryId } = onlyOne(topics, isMetadata);
    return {
      api: 'fetch-snapshot',
      clusterId: readClusterId(clusterId),
      replicaId: readNode(replicaId),
      replicaDirectoryId,
      currentLeaderEpoch: readEpoch(currentLeaderEpoch),
      snapshotId: idOf(snapshotId),
      position: readOffset(position),
      maxBytes: Math.max(1, maxBytes),
    };
  },
  writeResponse: (response, world) => {
    if (isTopLevel(response)) return { throttleTimeMs: 0, errorCode: errorCode(response.errorCode), topics: [] };
    const { snapshotId, size, position, unalignedRecords } = response;
    const { errorCode: code, ...currentLeader } = writeLeadership(response);
    const partition = { index: 0, errorCode: code, snapshotId, currentLeader, size, position, unalignedRecords };
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      topics: [{ name: METADATA_TOPIC, partitions: [partition] }],
      nodeEndpoints: writeEndpoints(response.nodeEndpoints, world),
    };
  },
  readResponse: (told, world) => {
    if (told.errorCode !== 0) return { ...NOTHING, ...bareLeadership(told.errorCode) };
    const { errorCode: code, currentLeader, ...piece } = onlyOne(told.topics, isMetadata);
    return {
      api: 'fetch-snapshot',
      ...readLeadership({ errorCode: code, ...currentLeader }, told.nodeEndpoints, world),
      snapshotId: idOf(piece.snapshotId),
      size: readOffset(piece.size),
      position: readOffset(piece.position),
      unalignedRecords: piece.unalignedRecords,
    };
  },
};

const idOf = ({ endOffset, epoch }: { readonly endOffset: bigint; readonly epoch: number }) => ({
  endOffset: readOffset(endOffset),
  epoch: readEpoch(epoch),
});

const NOTHING = {
  api: 'fetch-snapshot' as const,
  snapshotId: { endOffset: readOffset(-1n), epoch: readEpoch(-1) },
  size: 0,
  position: 0,
  unalignedRecords: new Uint8Array(0),
};

import { logBatchOf } from '@trunkline/metadata';
import { Fetch, type FetchRequest as FetchAsked, errorCode } from '@trunkline/protocol';
import type { FetchRequest, FetchResponse, LogBatch } from '@trunkline/raft';
import { batchesIn } from '@trunkline/records';
import { METADATA_TOPIC_ID } from './metadata-partition.js';
import {
  type WireForm,
  type WireWorld,
  bareLeadership,
  isTopLevel,
  onlyOne,
  readClusterId,
  readEpoch,
  readLeadership,
  readNode,
  readOffset,
  readWatermark,
  writeClusterId,
  writeEndpoints,
  writeLeadership,
} from './wire-form.js';

const isMetadata = ({ topicId }: { readonly topicId: string }): boolean => topicId === METADATA_TOPIC_ID;
const UNKNOWN = -1n;

/** Fetch (1) of the metadata log, by a replica of it. */
export const fetchForm: WireForm<typeof Fetch, FetchRequest, FetchResponse> = {
  api: Fetch,
  writeRequest: (request) => ({
    clusterId: writeClusterId(request.clusterId),
    replicaState: { replicaId: request.replicaId, replicaEpoch: UNKNOWN },
    maxWaitMs: request.maxWaitMs,
    minBytes: 0,
    maxBytes: request.maxBytes,
    topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partitionAsked(request)] }],
    forgottenTopicsData: [],
  }),
  readRequest: (asked) => {
    const partition = onlyOne(asked.topics, isMetadata);
    return {
      api: 'fetch',
      clusterId: readClusterId(asked.clusterId),
      replicaId: readNode(asked.replicaState.replicaId),
      replicaDirectoryId: partition.replicaDirectoryId,
      currentLeaderEpoch: readEpoch(partition.currentLeaderEpoch),
      fetchOffset: readOffset(partition.fetchOffset),
      lastFetchedEpoch: readEpoch(partition.lastFetchedEpoch),
      highWatermark: readWatermark(partition.highWatermark),
      maxWaitMs: Math.max(0, asked.maxWaitMs),
      maxBytes: bytesAsked(asked, partition.partitionMaxBytes),
    };
  },
  writeResponse: (response, world) => {
    if (isTopLevel(response)) return { throttleTimeMs: 0, errorCode: errorCode(response.errorCode), responses: [] };
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      responses: [{ topicId: METADATA_TOPIC_ID, partitions: [partitionTold(response)] }],
      nodeEndpoints: writeEndpoints(response.nodeEndpoints, world).map((node) => ({ ...node, rack: null })),
    };
  },
  readResponse: (told, world) => {
    if (told.errorCode !== 0) return { ...NOTHING, ...bareLeadership(told.errorCode) };
    const partition = onlyOne(told.responses, isMetadata);
    const { divergingEpoch, snapshotId, records } = partition;
    const leader = { errorCode: partition.errorCode, ...partition.currentLeader };
    return {
      api: 'fetch',
      ...readLeadership(leader, told.nodeEndpoints, world),
      highWatermark: readWatermark(partition.highWatermark),
      logStartOffset: readOffset(partition.logStartOffset),
      ...(divergingEpoch.epoch >= 0 && { divergingEpoch: placeOf(divergingEpoch) }),
      ...(snapshotId.epoch >= 0 && { snapshotId: placeOf(snapshotId) }),
      records: records === null ? [] : readRecords(records, world),
    };
  },
};

const NOTHING = {
  api: 'fetch' as const,
  highWatermark: readOffset(UNKNOWN),
  logStartOffset: readOffset(UNKNOWN),
  records: [],
};

function partitionAsked(request: FetchRequest) {
  const { currentLeaderEpoch, fetchOffset, lastFetchedEpoch, replicaDirectoryId, highWatermark } = request;
  return {
    partition: 0,
    currentLeaderEpoch,
    // As int64, so that it is no plain fetch of a client.
    fetchOffset: BigInt(fetchOffset),
    lastFetchedEpoch,
    partitionMaxBytes: request.maxBytes,
    replicaDirectoryId,
    highWatermark: BigInt(highWatermark),
  };
}

function partitionTold(response: FetchResponse) {
  const { highWatermark, logStartOffset, divergingEpoch, snapshotId, records } = response;
  const { errorCode: code, ...currentLeader } = writeLeadership(response);
  return {
    partitionIndex: 0,
    errorCode: code,
    highWatermark,
    logStartOffset,
    currentLeader,
    ...(divergingEpoch !== undefined && { divergingEpoch }),
    ...(snapshotId !== undefined && { snapshotId }),
    abortedTransactions: null,
    records: records.map(({ bytes }) => bytes),
  };
}

/** A replica of Apache Kafka says it for all partitions only. */
function bytesAsked({ maxBytes }: FetchAsked, partitionMaxBytes: number): number {
  return Math.max(1, partitionMaxBytes > 0 ? Math.min(maxBytes, partitionMaxBytes) : maxBytes);
}

const placeOf = (place: { readonly epoch: number; readonly endOffset: bigint }) => ({
  epoch: readEpoch(place.epoch),
  endOffset: readOffset(place.endOffset),
});

/** Throws CORRUPT_MESSAGE. */
function readRecords(bytes: Uint8Array, { crc32c }: WireWorld): readonly LogBatch[] {
  return Array.from(batchesIn(bytes), (batch) => logBatchOf(batch, crc32c));
}

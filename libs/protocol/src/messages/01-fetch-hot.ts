import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { NO_ELEMENTS } from '../codec/defaults.js';
import { type HotReader, type HotWriter, hotCount, hotElements, isInt32, isInt8 } from '../codec/hot.js';
import type { Reader } from '../codec/reader.js';
import type { Writer } from '../codec/writer.js';

// What a consumer asks again and again, and the answer, as the tables of 01-fetch say in flexible versions.

type Int64 = bigint | number;

interface FetchPartition {
  readonly partition: number;
  readonly currentLeaderEpoch?: number | undefined;
  readonly fetchOffset: Int64;
  readonly lastFetchedEpoch?: number | undefined;
  readonly logStartOffset?: Int64 | undefined;
  readonly partitionMaxBytes: number;
  readonly replicaDirectoryId?: Uuid | undefined;
  readonly highWatermark?: Int64 | undefined;
}

interface FetchTopic {
  readonly topic?: string | undefined;
  readonly topicId?: Uuid | undefined;
  readonly partitions: readonly FetchPartition[];
}

interface Request {
  readonly clusterId?: string | null | undefined;
  readonly replicaId?: number | undefined;
  readonly replicaState?: object | undefined;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes?: number | undefined;
  readonly isolationLevel?: number | undefined;
  readonly sessionId?: number | undefined;
  readonly sessionEpoch?: number | undefined;
  readonly topics: readonly FetchTopic[];
  readonly forgottenTopicsData?: readonly unknown[] | undefined;
  readonly rackId?: string | undefined;
}

const MAX_BYTES = 0x7fff_ffff;

/** Whether it asks as consumers do: nothing that only followers say, nothing to be forgotten, nothing out of range. */
function isPlain(request: Request, byId: boolean): boolean {
  const { maxBytes = MAX_BYTES, isolationLevel = 0, sessionId = 0, sessionEpoch = -1, topics, rackId = '' } = request;
  const { clusterId, replicaId, replicaState, forgottenTopicsData } = request;
  if (clusterId !== undefined || replicaId !== undefined || replicaState !== undefined) return false;
  if (forgottenTopicsData !== undefined || !Array.isArray(topics) || typeof rackId !== 'string') return false;
  if (!isInt32(request.maxWaitMs) || !isInt32(request.minBytes) || !isInt32(maxBytes)) return false;
  if (!isInt8(isolationLevel) || !isInt32(sessionId) || !isInt32(sessionEpoch)) return false;
  for (const { topic, topicId, partitions } of topics as readonly FetchTopic[]) {
    if (typeof (byId ? topicId : topic) !== 'string' || !Array.isArray(partitions)) return false;
    for (const partition of partitions as readonly FetchPartition[]) if (!isPlainPartition(partition)) return false;
  }
  return true;
}

function isPlainPartition(asked: FetchPartition): boolean {
  const { partition, currentLeaderEpoch = -1, partitionMaxBytes, fetchOffset } = asked;
  const { lastFetchedEpoch, logStartOffset, replicaDirectoryId, highWatermark } = asked;
  if (lastFetchedEpoch !== undefined || logStartOffset !== undefined) return false;
  if (replicaDirectoryId !== undefined || highWatermark !== undefined) return false;
  if (typeof fetchOffset !== 'number' || !Number.isSafeInteger(fetchOffset)) return false;
  return isInt32(partition) && isInt32(currentLeaderEpoch) && isInt32(partitionMaxBytes);
}

export const hotFetchRequest: HotWriter<Request> = (writer, version, request) => {
  const byId = version >= 13;
  if (!isPlain(request, byId)) return false;
  const { maxBytes = MAX_BYTES, isolationLevel = 0, sessionId = 0, sessionEpoch = -1, topics, rackId = '' } = request;
  if (version <= 14) writer.int32(-1);
  writer.int32(request.maxWaitMs);
  writer.int32(request.minBytes);
  writer.int32(maxBytes);
  writer.int8(isolationLevel);
  writer.int32(sessionId);
  writer.int32(sessionEpoch);
  writer.unsignedVarint(topics.length + 1);
  for (const { topic, topicId, partitions } of topics) {
    if (byId) writer.uuid(topicId!);
    else writer.string(topic!, true);
    writer.unsignedVarint(partitions.length + 1);
    for (const partition of partitions) writePartition(writer, partition);
    writer.unsignedVarint(0);
  }
  writer.unsignedVarint(1);
  writer.string(rackId, true);
  writer.unsignedVarint(0);
  return true;
};

function writePartition(writer: Writer, asked: FetchPartition): void {
  const { partition, currentLeaderEpoch = -1, fetchOffset, partitionMaxBytes } = asked;
  writer.int32(partition);
  writer.int32(currentLeaderEpoch);
  writer.int64(fetchOffset);
  writer.int32(-1);
  writer.int64(-1);
  writer.int32(partitionMaxBytes);
  writer.unsignedVarint(0);
}

/** Bytes that an element has at least, and about what it occupies when decoded. */
const TOPIC_BYTES_MIN = 3;
const TOPIC_DECODED_BYTES = 88;
const PARTITION_BYTES_MIN = 37;
const PARTITION_DECODED_BYTES = 400;
const NO_DIVERGENCE = Object.freeze({ epoch: -1, endOffset: -1n });
const NO_LEADER = Object.freeze({ leaderId: -1, leaderEpoch: -1 });
const NO_SNAPSHOT = Object.freeze({ endOffset: -1n, epoch: -1 });

/** Undefined where there is more than records: aborted transactions, tags. */
function readPartition(reader: Reader) {
  const partitionIndex = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const logStartOffset = reader.int64();
  const aborted = reader.compactLength();
  if (aborted > 0) return undefined;
  const preferredReadReplica = reader.int32();
  const length = reader.compactLength();
  const records = length < 0 ? null : reader.slice(length);
  if (reader.unsignedVarint() !== 0) return undefined;
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch: NO_DIVERGENCE,
    currentLeader: NO_LEADER,
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: aborted < 0 ? null : NO_ELEMENTS,
    preferredReadReplica,
    records,
  };
}

type Partition = NonNullable<ReturnType<typeof readPartition>>;

interface Topic {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partitions: readonly Partition[];
}

function readTopicById(reader: Reader): Topic | undefined {
  return readPartitions(reader, '', reader.uuid());
}

function readTopicByName(reader: Reader): Topic | undefined {
  const length = reader.compactLength();
  if (length < 0 || length > 0x7fff) return undefined;
  return readPartitions(reader, reader.text(length), ZERO_UUID);
}

function readPartitions(reader: Reader, topic: string, topicId: Uuid): Topic | undefined {
  const count = hotCount(reader, PARTITION_BYTES_MIN, PARTITION_DECODED_BYTES);
  const partitions = count < 0 ? undefined : hotElements(reader, count, readPartition);
  if (partitions === undefined || reader.unsignedVarint() !== 0) return undefined;
  return { topic, topicId, partitions };
}

interface Response {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly Topic[];
  readonly nodeEndpoints: readonly never[];
}

export const hotFetchResponse: HotReader<Response> = (reader, version) => {
  const throttleTimeMs = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const count = hotCount(reader, TOPIC_BYTES_MIN, TOPIC_DECODED_BYTES);
  const responses = count < 0 ? undefined : hotElements(reader, count, version >= 13 ? readTopicById : readTopicByName);
  if (responses === undefined) return undefined;
  if (reader.unsignedVarint() !== 0) return undefined;
  return { throttleTimeMs, errorCode, sessionId, responses, nodeEndpoints: NO_ELEMENTS };
};

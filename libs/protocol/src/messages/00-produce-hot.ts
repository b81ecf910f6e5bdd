import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { NO_ELEMENTS } from '../codec/defaults.js';
import { type HotReader, type HotWriter, hotCount, hotElements, isInt16, isInt32 } from '../codec/hot.js';
import type { Reader } from '../codec/reader.js';

// What one record that is sent costs most: its request and the answer, as the tables of 00-produce say in flexible versions.

interface PartitionData {
  readonly index: number;
  readonly records: Uint8Array | readonly Uint8Array[] | null;
}

interface TopicData {
  readonly name?: string | undefined;
  readonly topicId?: Uuid | undefined;
  readonly partitionData: readonly PartitionData[];
}

interface Request {
  readonly transactionalId?: string | null | undefined;
  readonly acks: number;
  readonly timeoutMs: number;
  readonly topicData: readonly TopicData[];
}

/** Whether nothing is left out, null, out of range or in pieces: those are left to the table. */
function isPlain({ transactionalId, acks, timeoutMs, topicData }: Request, byId: boolean): boolean {
  if (transactionalId !== null && typeof transactionalId !== 'string') return false;
  if (!isInt16(acks) || !isInt32(timeoutMs) || !Array.isArray(topicData)) return false;
  for (const { name, topicId, partitionData } of topicData as readonly TopicData[]) {
    if (typeof (byId ? topicId : name) !== 'string' || !Array.isArray(partitionData)) return false;
    for (const { index, records } of partitionData as readonly PartitionData[]) {
      if (!isInt32(index) || !(records instanceof Uint8Array)) return false;
    }
  }
  return true;
}

export const hotProduceRequest: HotWriter<Request> = (writer, version, request) => {
  const byId = version >= 13;
  if (!isPlain(request, byId)) return false;
  const { transactionalId, acks, timeoutMs, topicData } = request;
  if (typeof transactionalId === 'string') writer.string(transactionalId, true);
  else writer.unsignedVarint(0);
  writer.int16(acks);
  writer.int32(timeoutMs);
  writer.unsignedVarint(topicData.length + 1);
  for (const { name, topicId, partitionData } of topicData) {
    if (byId) writer.uuid(topicId!);
    else writer.string(name!, true);
    writer.unsignedVarint(partitionData.length + 1);
    for (const { index, records } of partitionData) {
      writer.int32(index);
      const bytes = records as Uint8Array;
      writer.unsignedVarint(bytes.length + 1);
      writer.bytes(bytes);
      writer.unsignedVarint(0);
    }
    writer.unsignedVarint(0);
  }
  writer.unsignedVarint(0);
  return true;
};

/** Bytes that an element has at least, and about what it occupies when decoded. */
const TOPIC_BYTES_MIN = 3;
const TOPIC_DECODED_BYTES = 88;
const PARTITION_BYTES_MIN = 33;
const PARTITION_DECODED_BYTES = 200;
const NO_LEADER = Object.freeze({ leaderId: -1, leaderEpoch: -1 });

/** Undefined where something went wrong: then there are texts, tags or refused records. */
function readPartition(reader: Reader) {
  const index = reader.int32();
  const errorCode = reader.int16();
  const baseOffset = reader.int64();
  const logAppendTimeMs = reader.int64();
  const logStartOffset = reader.int64();
  // No refused record, no text, no tag.
  if (reader.unsignedVarint() !== 1 || reader.unsignedVarint() !== 0 || reader.unsignedVarint() !== 0) return undefined;
  return {
    index,
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors: NO_ELEMENTS,
    errorMessage: null,
    currentLeader: NO_LEADER,
  };
}

type Partition = NonNullable<ReturnType<typeof readPartition>>;

interface Topic {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitionResponses: readonly Partition[];
}

function readTopicById(reader: Reader): Topic | undefined {
  return readPartitions(reader, '', reader.uuid());
}

function readTopicByName(reader: Reader): Topic | undefined {
  const length = reader.compactLength();
  if (length < 0 || length > 0x7fff) return undefined;
  return readPartitions(reader, reader.text(length), ZERO_UUID);
}

function readPartitions(reader: Reader, name: string, topicId: Uuid): Topic | undefined {
  const count = hotCount(reader, PARTITION_BYTES_MIN, PARTITION_DECODED_BYTES);
  const partitionResponses = count < 0 ? undefined : hotElements(reader, count, readPartition);
  if (partitionResponses === undefined || reader.unsignedVarint() !== 0) return undefined;
  return { name, topicId, partitionResponses };
}

interface Response {
  readonly responses: readonly Topic[];
  readonly throttleTimeMs: number;
  readonly nodeEndpoints: readonly never[];
}

export const hotProduceResponse: HotReader<Response> = (reader, version) => {
  const count = hotCount(reader, TOPIC_BYTES_MIN, TOPIC_DECODED_BYTES);
  const responses = count < 0 ? undefined : hotElements(reader, count, version >= 13 ? readTopicById : readTopicByName);
  if (responses === undefined) return undefined;
  const throttleTimeMs = reader.int32();
  if (reader.unsignedVarint() !== 0) return undefined;
  return { responses, throttleTimeMs, nodeEndpoints: NO_ELEMENTS };
};

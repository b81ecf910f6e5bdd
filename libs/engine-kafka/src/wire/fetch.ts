import { byTopic } from './by-topic.js';
import { Cursor } from './cursor.js';

/** Fetch (1) version 11: topics by name, answered by Kafka 2.3 to 4.x. Not flexible, and without a session. */
export const FETCH = { key: 1, version: 11 } as const;

/** A partition to be read, and from where. */
export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchLimits {
  readonly waitMs: number;
  /** Bytes of a whole answer, and of each partition in it. The first batch comes whatever its size. */
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
}

/** What the broker said of one partition. */
export interface FetchAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Batches as they came; a view on the answer. */
  readonly records: Buffer;
}

const NO_RECORDS = Buffer.alloc(0);

/** The body of a request outside any fetch session. */
export function encodeFetch(positions: readonly FetchPosition[], limits: FetchLimits): Buffer {
  const topics = byTopic(positions);
  let size = 35;
  for (const [topic, group] of topics) size += 6 + Buffer.byteLength(topic) + group.length * 28;
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeInt32BE(-1, 0); // not a follower
  at = bytes.writeInt32BE(limits.waitMs, at);
  at = bytes.writeInt32BE(1, at); // answered with the first byte
  at = bytes.writeInt32BE(limits.bytesMax, at);
  at = bytes.writeInt8(0, at); // read_uncommitted
  at = bytes.writeInt32BE(0, at); // no session
  at = bytes.writeInt32BE(-1, at); // and none wanted
  at = bytes.writeInt32BE(topics.size, at);
  for (const [topic, group] of topics) {
    const nameAt = at + 2;
    at = nameAt + bytes.write(topic, nameAt);
    bytes.writeInt16BE(at - nameAt, nameAt - 2);
    at = bytes.writeInt32BE(group.length, at);
    for (const { partition, offset } of group) {
      at = bytes.writeInt32BE(partition, at);
      at = bytes.writeInt32BE(-1, at); // leader epoch: not checked
      at = bytes.writeBigInt64BE(BigInt(offset), at);
      at = bytes.writeBigInt64BE(-1n, at);
      at = bytes.writeInt32BE(limits.partitionBytesMax, at);
    }
  }
  at = bytes.writeInt32BE(0, at); // nothing forgotten
  bytes.writeInt16BE(0, at); // no rack
  return bytes;
}

/** The partitions of an answer. An error of the whole request stands as each wanted partition's. */
export function decodeFetch(bytes: Buffer, wanted: readonly FetchPosition[]): FetchAnswer[] {
  const cursor = new Cursor(bytes, 4);
  const errorCode = cursor.int16();
  if (errorCode !== 0) {
    return wanted.map(({ topic, partition }) => ({ topic, partition, errorCode, records: NO_RECORDS }));
  }
  cursor.skip(4);
  const answers: FetchAnswer[] = [];
  for (let topics = cursor.int32(); topics > 0; topics--) {
    const topic = cursor.text();
    for (let partitions = cursor.int32(); partitions > 0; partitions--) answers.push(decodePartition(cursor, topic));
  }
  return answers;
}

function decodePartition(cursor: Cursor, topic: string): FetchAnswer {
  const partition = cursor.int32();
  const errorCode = cursor.int16();
  cursor.skip(24); // high watermark, last stable offset, log start offset
  const aborted = cursor.int32();
  if (aborted > 0) cursor.skip(aborted * 16);
  cursor.skip(4); // preferred read replica
  return { topic, partition, errorCode, records: cursor.view(cursor.int32()) ?? NO_RECORDS };
}

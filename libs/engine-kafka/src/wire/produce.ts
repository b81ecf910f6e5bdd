import type { Crc32c } from '@trunkline/kernel';
import { byTopic } from './by-topic.js';
import { Cursor } from './cursor.js';
import { type NewRecord, type ProducerStamp, batchBytesMax, writeBatch } from './record-batch.js';

/** Produce (0) version 7: KIP-98 batches, zstd allowed, answered by Kafka 2.1 to 4.x. Not flexible. */
export const PRODUCE = { key: 0, version: 7 } as const;

/** One batch for one partition. */
export interface ProduceBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly NewRecord[];
  readonly stamp: ProducerStamp;
}

/** What the broker said of one partition. */
export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

const ACKS_ALL = -1;

/** The body of a request with acks=all. */
export function encodeProduce(
  batches: readonly ProduceBatch[],
  timeoutMs: number,
  timestampMs: number,
  crc32c: Crc32c,
): Buffer {
  const topics = byTopic(batches);
  let size = 12;
  for (const [topic, group] of topics) {
    size += 6 + Buffer.byteLength(topic);
    for (const { records } of group) size += 8 + batchBytesMax(records);
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeInt16BE(-1, 0); // no transactional id
  at = bytes.writeInt16BE(ACKS_ALL, at);
  at = bytes.writeInt32BE(timeoutMs, at);
  at = bytes.writeInt32BE(topics.size, at);
  for (const [topic, group] of topics) {
    const nameAt = at + 2;
    at = nameAt + bytes.write(topic, nameAt);
    bytes.writeInt16BE(at - nameAt, nameAt - 2);
    at = bytes.writeInt32BE(group.length, at);
    for (const { partition, records, stamp } of group) {
      const from = bytes.writeInt32BE(partition, at) + 4;
      at = writeBatch(bytes, from, records, timestampMs, stamp, crc32c);
      bytes.writeInt32BE(at - from, from - 4);
    }
  }
  return bytes.subarray(0, at);
}

export function decodeProduce(bytes: Buffer): ProduceAnswer[] {
  const cursor = new Cursor(bytes);
  const answers: ProduceAnswer[] = [];
  for (let topics = cursor.int32(); topics > 0; topics--) {
    const topic = cursor.text();
    for (let partitions = cursor.int32(); partitions > 0; partitions--) {
      const partition = cursor.int32();
      const errorCode = cursor.int16();
      cursor.skip(24); // base offset, append time, log start offset
      answers.push({ topic, partition, errorCode });
    }
  }
  return answers;
}

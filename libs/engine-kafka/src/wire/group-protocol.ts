import type { TopicPartition } from '../topic-partition.js';
import { byTopic } from './by-topic.js';
import { Cursor } from './cursor.js';

/** What a member tells its group's leader (ConsumerProtocolSubscription, version 2). */
export interface MemberSubscription {
  readonly topics: readonly string[];
  /** What it reads now. */
  readonly owned: readonly TopicPartition[];
  /** In which generation it got that; -1 for never. */
  readonly generation: number;
}

const SUBSCRIPTION_VERSION = 2;
const ASSIGNMENT_VERSION = 0;

export function encodeSubscription({ topics, owned, generation }: MemberSubscription): Buffer {
  const parts = [int16(SUBSCRIPTION_VERSION), int32(topics.length), ...topics.map(text)];
  parts.push(int32(-1), ...partitionParts(owned), int32(generation));
  return Buffer.concat(parts);
}

/** Reads any version: what a version lacks is empty. */
export function decodeSubscription(bytes: Buffer): MemberSubscription {
  const cursor = new Cursor(bytes);
  const version = cursor.int16();
  const topics: string[] = [];
  for (let left = cursor.int32(); left > 0; left--) topics.push(cursor.text());
  cursor.view(cursor.int32()); // user data
  const owned = version >= 1 ? readPartitions(cursor) : [];
  const generation = version >= 2 && cursor.left >= 4 ? cursor.int32() : -1;
  return { topics, owned, generation };
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  return Buffer.concat([int16(ASSIGNMENT_VERSION), ...partitionParts(partitions), int32(-1)]);
}

/** No bytes at all are an empty assignment. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return [];
  const cursor = new Cursor(bytes, 2);
  return readPartitions(cursor);
}

function partitionParts(partitions: readonly TopicPartition[]): Buffer[] {
  const topics = byTopic(partitions);
  const parts = [int32(topics.size)];
  for (const [topic, group] of topics) {
    parts.push(text(topic), int32(group.length), ...group.map(({ partition }) => int32(partition)));
  }
  return parts;
}

function readPartitions(cursor: Cursor): TopicPartition[] {
  const partitions: TopicPartition[] = [];
  for (let topics = cursor.int32(); topics > 0; topics--) {
    const topic = cursor.text();
    for (let left = cursor.int32(); left > 0; left--) partitions.push({ topic, partition: cursor.int32() });
  }
  return partitions;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

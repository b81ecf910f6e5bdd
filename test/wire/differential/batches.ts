import { utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { type Decoded, Fetch, Produce, type ProduceResponse } from '@trunkline/protocol';
import { type BatchOptions, type NewRecord, batchesIn, buildBatch } from '@trunkline/records';
import type { RawClient } from '@trunkline/testing';
import type { Conversation } from './conversation.js';
import type { Topic } from './topics.js';

/** Where a field of a batch's header begins. */
export const AT = { baseOffset: 0, length: 8, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, count: 57 };

/** A moment that lies within the bounds of every broker's clock today: the scenarios' records begin here. */
export const MOMENT_MS = Date.now() - 60_000;

/** One batch of these values, or whole records, a millisecond apart from {@link MOMENT_MS}. */
export function batch(values: readonly (string | NewRecord)[], options: Partial<BatchOptions> = {}): Uint8Array {
  const records = values.map((value, index) =>
    typeof value === 'string' ? { value: utf8(value), timestampMs: MOMENT_MS + index } : value,
  );
  return buildBatch(records, { crc32c, codecs: compression, ...options });
}

/** The batch with some bytes overwritten; its checksum is made right again. */
export function patched(bytes: Uint8Array, at: number, ...written: number[]): Uint8Array {
  const copy = broken(bytes, at, ...written);
  new DataView(copy.buffer).setUint32(AT.crc, crc32c(copy.subarray(AT.attributes)));
  return copy;
}

/** The batch with some bytes overwritten and its checksum as it was. */
export function broken(bytes: Uint8Array, at: number, ...written: number[]): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(written, at);
  return copy;
}

export interface ProduceWish {
  readonly acks?: number;
  readonly partition?: number;
  readonly transactionalId?: string;
  readonly timeoutMs?: number;
}

export function produceBody({ name, id }: Topic, records: Uint8Array | null, wish: ProduceWish = {}) {
  const { acks = -1, partition = 0, transactionalId = null, timeoutMs = 10_000 } = wish;
  const topicData = [{ name, topicId: id, partitionData: [{ index: partition, records }] }];
  return { transactionalId, acks, timeoutMs, topicData };
}

/** Produces one batch and keeps the answer. */
export async function produce(
  on: Conversation,
  client: RawClient,
  label: string,
  topic: Topic,
  records: Uint8Array | null,
  wish: ProduceWish & { readonly version?: number } = {},
): Promise<Decoded<(typeof Produce)['response']> | undefined> {
  return on.ask(client, label, Produce, wish.version ?? 9, produceBody(topic, records, wish));
}

/** Produces batches one behind the other, as preparation: nothing is kept, an error ends the scenario. */
export async function fill(client: RawClient, topic: Topic, batches: readonly Uint8Array[], partition = 0) {
  for (const records of batches) {
    const answer: ProduceResponse = await client.send(Produce, 9, produceBody(topic, records, { partition }));
    const code = answer.responses[0]?.partitionResponses[0]?.errorCode;
    if (code !== 0) throw new Error(`the records of ${topic.name} were refused: ${code}`);
  }
}

export interface FetchWish {
  readonly offset?: number;
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
}

export function fetchBody(topics: readonly Topic[], wish: FetchWish = {}) {
  const partition = {
    partition: wish.partition ?? 0,
    currentLeaderEpoch: wish.currentLeaderEpoch ?? -1,
    fetchOffset: BigInt(wish.offset ?? 0),
    lastFetchedEpoch: wish.lastFetchedEpoch ?? -1,
    partitionMaxBytes: wish.partitionMaxBytes ?? 1_048_576,
  };
  return {
    maxWaitMs: wish.maxWaitMs ?? 0,
    minBytes: wish.minBytes ?? 1,
    maxBytes: wish.maxBytes ?? 50_000_000,
    isolationLevel: wish.isolationLevel ?? 0,
    sessionId: wish.sessionId ?? 0,
    sessionEpoch: wish.sessionEpoch ?? -1,
    topics: topics.map(({ name, id }) => ({ topic: name, topicId: id, partitions: [partition] })),
    forgottenTopicsData: [],
  };
}

/** Fetches from one topic and keeps the answer, records byte by byte. */
export async function fetch(
  on: Conversation,
  client: RawClient,
  label: string,
  topic: Topic,
  wish: FetchWish & { readonly version?: number } = {},
): Promise<Decoded<(typeof Fetch)['response']> | undefined> {
  return on.ask(client, label, Fetch, wish.version ?? 12, fetchBody([topic], wish));
}

/** What a log keeps of its batches, read from a partition's beginning; kept without times and checksums. */
export async function keepBatches(on: Conversation, client: RawClient, label: string, topic: Topic): Promise<void> {
  const answer = await client.send(Fetch, 12, fetchBody([topic]));
  const bytes = answer.responses[0]?.partitions[0]?.records ?? new Uint8Array(0);
  on.keep(
    label,
    [...batchesIn(bytes)].map((at) => ({
      baseOffset: at.baseOffset,
      leaderEpoch: at.leaderEpoch,
      attributes: at.attributes,
      timesAreEqual: at.baseTimestamp === at.maxTimestamp,
      isNow: at.maxTimestamp > MOMENT_MS + 30_000,
      sizeBytes: at.sizeBytes,
      lastSequence: at.lastSequence,
    })),
  );
}

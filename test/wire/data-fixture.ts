import { ApiError, type Uuid, fromUtf8, utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { type AnyApi, type Decoded, type Encodable, Fetch, Produce, errorName } from '@trunkline/protocol';
import { type BatchOptions, type NewRecord, batchesIn, buildBatch } from '@trunkline/records';
import { type TestBroker, type TestBrokerOptions, startTestBroker } from '@trunkline/testing';

/** What can send a request: the fixture's own connection, or another one. */
export interface Sender {
  send<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): Promise<Decoded<A['response']>>;
}

export interface TestTopic {
  readonly name: string;
  readonly id: Uuid;
}

export const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid;

/** A broker for tests of produce, fetch and what goes with them. */
export async function startDataBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return startTestBroker({ ...options, config: { 'num.partitions': '1', ...options.config } });
}

export async function createTopic(
  { broker }: TestBroker,
  name: string,
  configs: Readonly<Record<string, string>> = {},
  partitionCount = 1,
): Promise<TestTopic> {
  const wanted = {
    name,
    partitionCount,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
  const [made] = await broker.parts.metadata.submit((controller) => controller.createTopics([wanted]));
  if (made?.topicId === undefined) throw made?.error ?? new ApiError('UNKNOWN_SERVER_ERROR', 'not made');
  return { name, id: made.topicId };
}

export async function deleteTopic({ broker }: TestBroker, { id }: TestTopic): Promise<void> {
  await broker.parts.metadata.submit((controller) => controller.deleteTopics([{ topicId: id }]));
}

/** One batch of records with these values. */
export function batchOf(values: readonly (string | NewRecord)[], options: Partial<BatchOptions> = {}): Uint8Array {
  const records = values.map((value) =>
    typeof value === 'string' ? { value: utf8(value), timestampMs: 1000 } : value,
  );
  return buildBatch(records, { crc32c, codecs: compression, ...options });
}

export interface ProduceWish {
  readonly version?: number;
  readonly acks?: number;
  readonly timeoutMs?: number;
  readonly partition?: number;
  readonly transactionalId?: string | null;
}

/** Produces to one partition, and resolves with that partition's part of the answer, its error by name. */
export async function produce(at: Sender, topic: TestTopic, records: Uint8Array | null, wish: ProduceWish = {}) {
  const version = wish.version ?? 9;
  const answer = await at.send(Produce, version, produceRequest(topic, records, wish));
  const [only] = answer.responses[0]!.partitionResponses;
  return { ...only!, error: errorName(only!.errorCode) };
}

export function produceRequest({ name, id }: TestTopic, records: Uint8Array | null, wish: ProduceWish = {}) {
  const partitionData = [{ index: wish.partition ?? 0, records }];
  const topicData = [(wish.version ?? 9) >= 13 ? { topicId: id, partitionData } : { name, partitionData }];
  const { transactionalId = null, acks = -1, timeoutMs = 5000 } = wish;
  return { transactionalId, acks, timeoutMs, topicData };
}

export interface FetchWish {
  readonly version?: number;
  readonly offset?: number | bigint;
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

export function fetchRequest(topics: readonly TestTopic[], wish: FetchWish = {}) {
  const version = wish.version ?? 12;
  const partition = {
    partition: wish.partition ?? 0,
    fetchOffset: BigInt(wish.offset ?? 0),
    partitionMaxBytes: wish.partitionMaxBytes ?? 1_048_576,
    ...(wish.currentLeaderEpoch === undefined ? {} : { currentLeaderEpoch: wish.currentLeaderEpoch }),
    ...(wish.lastFetchedEpoch === undefined ? {} : { lastFetchedEpoch: wish.lastFetchedEpoch }),
  };
  return {
    maxWaitMs: wish.maxWaitMs ?? 0,
    minBytes: wish.minBytes ?? 1,
    maxBytes: wish.maxBytes ?? 2 ** 31 - 1,
    isolationLevel: wish.isolationLevel ?? 0,
    ...(version < 7 ? {} : { sessionId: wish.sessionId ?? 0, sessionEpoch: wish.sessionEpoch ?? -1 }),
    topics: topics.map(({ name, id }) =>
      version >= 13 ? { topicId: id, partitions: [partition] } : { topic: name, partitions: [partition] },
    ),
    forgottenTopicsData: [],
  };
}

/** Fetches one partition, and resolves with that partition's part of the answer, its error by name, its values as text. */
export async function fetch(at: Sender, topic: TestTopic, wish: FetchWish = {}) {
  const answer = await at.send(Fetch, wish.version ?? 12, fetchRequest([topic], wish));
  const only = answer.responses[0]?.partitions[0];
  if (only === undefined) throw new Error(`no partition in the answer: ${errorName(answer.errorCode)}`);
  return { ...only, error: errorName(only.errorCode), values: valuesIn(only.records) };
}

/** The values of all records, as text. */
export function valuesIn(records: Uint8Array | null): string[] {
  const values: string[] = [];
  for (const batch of batchesIn(records ?? new Uint8Array(0))) {
    for (const { value } of batch.records(compression)) values.push(value === null ? '' : fromUtf8(value));
  }
  return values;
}

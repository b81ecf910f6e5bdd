import { ApiError, type Offset } from '@trunkline/kernel';
import { errorCode, ListOffsets, type ListOffsetsRequest, type ListOffsetsResponse } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { NO_EPOCH, type Partition } from '../replica/partition.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

type TopicRequest = ListOffsetsRequest['topics'][number];
type PartitionRequest = TopicRequest['partitions'][number];
type PartitionResponse = ListOffsetsResponse['topics'][number]['partitions'][number];

/** What a timestamp below zero means, and the first version that may say it. */
const SENTINELS = {
  latest: { timestamp: -1n, since: 1 },
  earliest: { timestamp: -2n, since: 1 },
  maxTimestamp: { timestamp: -3n, since: 7 },
  earliestLocal: { timestamp: -4n, since: 8 },
  latestTiered: { timestamp: -5n, since: 9 },
  earliestPendingUpload: { timestamp: -6n, since: 11 },
} as const;
type Sentinel = keyof typeof SENTINELS;

const CONSUMER = -1;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
/** From here on a client knows OFFSET_NOT_AVAILABLE (KIP-207). */
const OFFSET_NOT_AVAILABLE_SINCE = 5;
const LEADER_EPOCH_SINCE = 4;
const NONE = -1;

interface Found {
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

const NOTHING: Found = { timestamp: NONE, offset: NONE, leaderEpoch: NONE };

/**
 * ListOffsets (2), versions 1 to 11: the offset at a timestamp, or at either end of a log.
 *
 * The latest is the high watermark, for `read_committed` (2+) the last stable offset, for anything that does not call
 * itself a consumer the log's end. A timestamp gives the first record at or after it, looked up inside compressed
 * batches; later than everything: -1, -1, no error. A client with stale metadata is fenced (4+, KIP-320). A partition
 * that stands twice in a request is INVALID_REQUEST, told once; a sentinel that the version does not know UNSUPPORTED_VERSION.
 *
 * Not done: tiered storage. What asks for it (-5, -6) is answered as a log without it: -1; -4 is the log's start;
 * `timeout_ms` (10+), which bounds remote reads, is not looked at.
 */
export const listOffsets = handler({
  api: ListOffsets,
  async handle(request, parts, { apiVersion }) {
    if (request.isolationLevel !== READ_UNCOMMITTED && request.isolationLevel !== READ_COMMITTED) {
      throw new ApiError('INVALID_REQUEST', `the isolation level is 0 or 1, not ${request.isolationLevel}`);
    }
    const asked = countAsked(request.topics);
    const topics: ListOffsetsResponse['topics'][number][] = [];
    for (const { name, partitions } of request.topics) {
      const answers: PartitionResponse[] = [];
      for (const wish of partitions) {
        const key = keyOf(name, wish);
        const times = asked.get(key);
        if (times === undefined) continue; // It stands more than once, and was answered once.
        asked.delete(key);
        answers.push(await listOne(wish, { name, isTwice: times > 1, request, parts, apiVersion }));
      }
      if (answers.length > 0) topics.push({ name, partitions: answers });
    }
    return { throttleTimeMs: 0, topics };
  },
  failed: (request, error) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCode(error.code) })),
    })),
  }),
});

interface Asked {
  readonly name: string;
  readonly isTwice: boolean;
  readonly request: ListOffsetsRequest;
  readonly parts: Parts;
  readonly apiVersion: number;
}

async function listOne(wish: PartitionRequest, asked: Asked): Promise<PartitionResponse> {
  const { partitionIndex } = wish;
  const { apiVersion } = asked;
  try {
    if (asked.isTwice) throw new ApiError('INVALID_REQUEST', `${asked.name}-${partitionIndex} stands twice`);
    const sentinel = sentinelOf(wish.timestamp, apiVersion);
    const partition = asked.parts.replicas.mustFind(asked.name, partitionIndex);
    partition.mustLead(wish.currentLeaderEpoch);
    const { timestamp, offset, leaderEpoch } = await find(partition, sentinel, Number(wish.timestamp), asked.request);
    const known = apiVersion < LEADER_EPOCH_SINCE ? NO_EPOCH : leaderEpoch;
    return { partitionIndex, errorCode: 0, timestamp, offset, leaderEpoch: known };
  } catch (reason) {
    const { code } = partitionError(reason);
    const old = code === 'OFFSET_NOT_AVAILABLE' && apiVersion < OFFSET_NOT_AVAILABLE_SINCE;
    return { partitionIndex, errorCode: errorCode(old ? 'LEADER_NOT_AVAILABLE' : code) };
  }
}

function sentinelOf(timestamp: bigint, apiVersion: number): Sentinel | undefined {
  if (timestamp >= 0n) return undefined;
  for (const name of Object.keys(SENTINELS) as Sentinel[]) {
    const { timestamp: meant, since } = SENTINELS[name];
    if (timestamp === meant && apiVersion >= since) return name;
  }
  throw new ApiError('UNSUPPORTED_VERSION', `timestamp ${timestamp} means nothing in version ${apiVersion}`);
}

async function find(
  partition: Partition,
  sentinel: Sentinel | undefined,
  timestampMs: number,
  { replicaId, isolationLevel }: ListOffsetsRequest,
): Promise<Found> {
  const { log } = partition;
  const isConsumer = replicaId === CONSUMER;
  const committed = isolationLevel === READ_COMMITTED ? partition.lastStableOffset : partition.highWatermark;
  const until = isConsumer ? committed : log.endOffset;
  switch (sentinel) {
    case 'earliest':
    case 'earliestLocal':
      return { timestamp: NONE, offset: log.startOffset, leaderEpoch: log.epochForOffset(log.startOffset) ?? NO_EPOCH };
    case 'latestTiered':
    case 'earliestPendingUpload':
      return NOTHING;
    case 'latest':
      if (isConsumer) mustHaveReachedItsReign(partition, until);
      return { timestamp: NONE, offset: until, leaderEpoch: partition.leaderEpoch };
    case 'maxTimestamp':
    case undefined: {
      const found =
        sentinel === undefined
          ? await log.offsetForTime(timestampMs, log.endOffset)
          : await log.offsetForMaxTimestamp();
      if (found !== undefined && found.offset < until) {
        return { timestamp: found.timestampMs, offset: found.offset, leaderEpoch: found.leaderEpoch };
      }
      if (isConsumer && found !== undefined) mustHaveReachedItsReign(partition, until);
      return NOTHING;
    }
  }
}

/** Until a new leader's watermark is above where its reign began, nobody may be told less than was told before. */
function mustHaveReachedItsReign(partition: Partition, until: Offset): void {
  if (until < partition.epochStartOffset) {
    const where = `${partition.name}: the high watermark has not reached offset ${partition.epochStartOffset}`;
    throw new ApiError('OFFSET_NOT_AVAILABLE', where);
  }
}

function keyOf(topic: string, { partitionIndex }: PartitionRequest): string {
  return `${partitionIndex} ${topic}`;
}

/** How often each partition stands in the request. */
function countAsked(topics: readonly TopicRequest[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, partitions } of topics) {
    for (const wish of partitions) counts.set(keyOf(name, wish), (counts.get(keyOf(name, wish)) ?? 0) + 1);
  }
  return counts;
}

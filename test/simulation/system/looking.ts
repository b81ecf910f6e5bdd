import { compression } from '@trunkline/platform';
import { CreateTopics, Fetch, OffsetFetch, errorName } from '@trunkline/protocol';
import { batchesIn } from '@trunkline/records';
import type { SimClient } from '../node.js';
import type { Seen } from './history.js';
import { seenOf } from './reader.js';

const READ_BYTES_MAX = 1 << 20;

/** Makes a topic, by hand: what looks at a system does not go through what it looks at. */
export async function createTopic(
  client: SimClient,
  name: string,
  numPartitions: number,
  segmentMs: number,
): Promise<string> {
  const configs = [
    { name: 'segment.index.bytes', value: '60' },
    { name: 'segment.ms', value: String(segmentMs) },
  ];
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs }];
  const answer = await client.send(CreateTopics, 7, { topics, timeoutMs: 30_000 });
  return errorName(answer.topics[0]!.errorCode);
}

/** Everything that a partition holds. */
export async function wholeLog(client: SimClient, topic: string, partition: number): Promise<Seen[]> {
  const log: Seen[] = [];
  for (;;) {
    const fetchOffset = (log.at(-1)?.offset ?? -1) + 1;
    const { records, watermark } = await fetchOnce(client, topic, partition, fetchOffset);
    log.push(...records);
    if ((log.at(-1)?.offset ?? -1) + 1 >= watermark) return log;
    if (records.length === 0)
      throw new Error(`${topic}/${partition} holds nothing at ${fetchOffset}, below ${watermark}`);
  }
}

async function fetchOnce(
  client: SimClient,
  topic: string,
  partition: number,
  from: number,
): Promise<{ readonly records: readonly Seen[]; readonly watermark: number }> {
  const answer = await client.send(Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: READ_BYTES_MAX,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, partitions: [{ partition, fetchOffset: BigInt(from), partitionMaxBytes: READ_BYTES_MAX }] }],
    forgottenTopicsData: [],
  });
  const found = answer.responses[0]!.partitions[0]!;
  if (found.errorCode !== 0) throw new Error(`${topic}/${partition} at ${from}: ${errorName(found.errorCode)}`);
  const records: Seen[] = [];
  for (const batch of batchesIn(found.records ?? new Uint8Array(0))) {
    for (const { offset, key, value } of batch.records(compression, READ_BYTES_MAX)) {
      if (offset >= from) records.push(seenOf({ partition, offset, key, value }));
    }
  }
  return { records, watermark: Number(found.highWatermark) };
}

/** A group's committed offsets of all partitions, -1 where there is none; undefined: the coordinator does not say yet. */
export async function committedOffsets(
  client: Pick<SimClient, 'send'>,
  groupId: string,
  topic: string,
  partitions: number,
): Promise<readonly number[] | undefined> {
  const partitionIndexes = Array.from({ length: partitions }, (_, index) => index);
  const answer = await client.send(OffsetFetch, 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes }] }],
  });
  const found = answer.groups[0]!;
  const rows = found.topics[0]?.partitions ?? [];
  if (found.errorCode !== 0 || rows.some(({ errorCode }) => errorCode !== 0)) return undefined;
  return rows.map(({ committedOffset }) => Number(committedOffset));
}

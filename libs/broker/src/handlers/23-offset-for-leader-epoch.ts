import { epoch } from '@trunkline/kernel';
import { errorCode, OffsetForLeaderEpoch, type OffsetForLeaderEpochResponse } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

type EpochEnd = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number];

/**
 * OffsetForLeaderEpoch (23), versions 2 to 4: where a leader epoch ended, so that a consumer or a follower finds out
 * where its log and ours part (KIP-101, KIP-279, KIP-320).
 *
 * The current epoch ends at the log's end. An older one: the largest epoch we know that is not larger, and where the
 * next begins. An epoch we have not heard of: -1, -1, no error. A wrong answer makes consumers rewind, so it is the
 * log's epoch cache that answers, and nothing else.
 *
 * `replica_id` is not looked at: followers learn of it with their fetches (KIP-595), and may ask here all the same.
 */
export const offsetForLeaderEpoch = handler({
  api: OffsetForLeaderEpoch,
  handle: (request, { replicas }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((wish) => endOf(replicas, topic, wish)),
    })),
  }),
  failed: (request, error) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode: errorCode(error.code) })),
    })),
  }),
});

interface Wish {
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly leaderEpoch: number;
}

function endOf(replicas: Parts['replicas'], topic: string, wish: Wish): EpochEnd {
  const { partition: index } = wish;
  try {
    const partition = replicas.mustFind(topic, index);
    partition.mustLead(wish.currentLeaderEpoch);
    const end = partition.log.endOffsetForEpoch(epoch(wish.leaderEpoch));
    if (end === undefined) return { partition: index, errorCode: 0 };
    return { partition: index, errorCode: 0, leaderEpoch: end.epoch, endOffset: end.endOffset };
  } catch (reason) {
    return { partition: index, errorCode: errorCode(partitionError(reason).code) };
  }
}

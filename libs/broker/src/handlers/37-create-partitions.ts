import { CreatePartitions, type ResponseOf } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

const THROTTLED_FROM = 3;

/**
 * CreatePartitions (37), v0 to v3: adds partitions to topics, each for itself; every topic has its result. Answered when
 * the partitions can be used on this broker.
 *
 * A name that stands twice is answered once, with INVALID_REQUEST. The number of partitions of the broker's own topics
 * is fixed: INVALID_PARTITIONS, where Kafka would lose the way to all groups.
 */
export const createPartitions = handler<typeof CreatePartitions>({
  api: CreatePartitions,
  handle: async ({ topics, timeoutMs, validateOnly }, { metadata, clock }, { apiVersion }) => {
    refuseLarge(topics.length, CHANGED_MAX);
    const wanted = topics.map(({ name, count, assignments }) => ({
      name,
      partitionCount: count,
      assignments: assignments?.map(({ brokerIds }) => brokerIds),
    }));
    const work = metadata.submit((controller) => controller.createPartitions(wanted, { validateOnly }));
    const outcomes = new Map((await inTime(clock, timeoutMs, work)).map(({ name, error }) => [name, error]));
    const names = [...new Set(topics.map(({ name }) => name))];
    const results = names.map((name) => ({ name, ...adminError(outcomes.get(name), apiVersion, THROTTLED_FROM) }));
    return { throttleTimeMs: 0, results };
  },
  failed: ({ topics }, error, { apiVersion }): ResponseOf<typeof CreatePartitions> => ({
    throttleTimeMs: 0,
    results: topics.map(({ name }) => ({ name, ...adminError(error, apiVersion, THROTTLED_FROM) })),
  }),
});

import { DeleteRecords } from '@trunkline/protocol';
import type { TopicPartition } from '../topic-partition.js';
import { wholeNumber } from './admin-options.js';
import type { Call } from './call.js';
import { PARTITION, byTopic, lookup, plain } from './keys.js';
import { whole } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { toLeaders } from './routes.js';

/** Where a partition shall begin. */
export interface RecordsBefore extends TopicPartition {
  /** Records with smaller offsets are deleted; `all`: every record that all in-sync replicas have. */
  readonly before: number | 'all';
}

export interface DeletedRecords {
  /** The partition's first offset from now on [low watermark]. */
  readonly logStartOffset: number;
}

const HIGH_WATERMARK = -1;

/** Deletes the records before an offset, on each partition's leader; answered when the in-sync replicas have done so too. */
export function deleteRecords(
  call: Call,
  before: readonly RecordsBefore[],
): Promise<Outcomes<TopicPartition, DeletedRecords>> {
  const endOf = lookup(PARTITION, before, ({ before: end }) =>
    end === 'all' ? HIGH_WATERMARK : wholeNumber(end, 'the offset', 0, Number.MAX_SAFE_INTEGER),
  );
  return perform<TopicPartition, DeletedRecords>(call, {
    kind: PARTITION,
    waitsForTopics: true,
    keys: before.map(plain),
    route: toLeaders(call),
    ask: async ({ target, keys }, rounds) => {
      const topics = byTopic(keys).map(({ topic, partitions }) => ({
        name: topic,
        partitions: partitions.map((key) => ({ partitionIndex: key.partition, offset: endOf(key) })),
      }));
      const { body } = await call.ask(target, DeleteRecords, { topics, timeoutMs: call.answerMs });
      for (const { name, partitions } of body.topics) {
        for (const { partitionIndex, errorCode, lowWatermark } of partitions) {
          rounds.answer({ topic: name, partition: partitionIndex }, errorCode, null, () => ({
            logStartOffset: whole(lowWatermark, 'the low watermark'),
          }));
        }
      }
    },
  });
}

import { type Decoded, ListOffsets } from '@trunkline/protocol';
import type { IsolationLevel } from '../consumer/fetcher-options.js';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import { type CallOptions, wholeNumber } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { PARTITION, byTopic, grouped, lookup, plain } from './keys.js';
import { orNone, wholeOrNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { toLeaders } from './routes.js';

/**
 * Which offset is asked for. A timestamp: of the first record at or after it, milliseconds since 1970.
 *
 * `max_timestamp` (brokers from 3.0 on): the record with the greatest timestamp. `earliest_local` (3.6), `latest_tiered`
 * (3.9), `earliest_pending_upload` (4.2): where tiered storage begins and ends.
 */
export type OffsetQuerySpec = keyof typeof SPECS | { readonly timestampMs: number };

export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetQuerySpec;
}

export interface ListedOffset {
  /** undefined: there is no such record. */
  readonly offset: number | undefined;
  /** Of the record that was found by its time; milliseconds since 1970. */
  readonly timestampMs: number | undefined;
  /** undefined: the broker does not tell. */
  readonly leaderEpoch: number | undefined;
}

export interface ListOffsetsOptions extends CallOptions {
  /** `read_committed`: the latest is where the first open transaction begins; `read_uncommitted`. */
  readonly isolationLevel?: IsolationLevel;
}

const SPECS = {
  latest: { timestamp: -1, versionMin: 1 },
  earliest: { timestamp: -2, versionMin: 1 },
  max_timestamp: { timestamp: -3, versionMin: 7 },
  earliest_local: { timestamp: -4, versionMin: 8 },
  latest_tiered: { timestamp: -5, versionMin: 9 },
  earliest_pending_upload: { timestamp: -6, versionMin: 11 },
} as const;

/** The first version that knows read_committed. */
const WITH_ISOLATION = 2;
const NO_REPLICA = -1;
const AGAIN = ['OFFSET_NOT_AVAILABLE', 'KAFKA_STORAGE_ERROR', 'REPLICA_NOT_AVAILABLE', 'REQUEST_TIMED_OUT'] as const;

/** Offsets of partitions, asked of their leaders. */
export class AdminOffsets {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /**
   * Where each partition begins or ends, or what was written at a time. A query that a leader's version does not know
   * fails with UNSUPPORTED_BROKER; the others go on.
   */
  async list(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions = {},
  ): Promise<Outcomes<TopicPartition, ListedOffset>> {
    const call = new Call(this.#scope, options);
    const committed = options.isolationLevel === 'read_committed';
    const wantedOf = lookup(PARTITION, queries, ({ at }) => wanted(at));
    const leaders = toLeaders<TopicPartition>(call);
    return perform<TopicPartition, ListedOffset>(call, {
      kind: PARTITION,
      waitsForTopics: true,
      keys: queries.map(plain),
      again: AGAIN,
      route: async (keys, rounds) =>
        (await leaders(keys, rounds)).flatMap(({ target, keys: of }) =>
          [...grouped(of, (key) => wantedOf(key).versionMin).values()].map((alike) => ({ target, keys: alike })),
        ),
      ask: async ({ target, keys }, rounds) => {
        const versionMin = Math.max(wantedOf(keys[0]!).versionMin, committed ? WITH_ISOLATION : 1);
        const request = {
          replicaId: NO_REPLICA,
          isolationLevel: committed ? 1 : 0,
          topics: byTopic(keys).map(({ topic, partitions }) => ({
            name: topic,
            partitions: partitions.map((key) => ({
              partitionIndex: key.partition,
              timestamp: wantedOf(key).timestamp,
            })),
          })),
          timeoutMs: call.answerMs,
        };
        const { body } = await call.ask(target, ListOffsets, request, { versionMin });
        for (const { name, partitions } of body.topics) {
          for (const found of partitions) {
            const key = { topic: name, partition: found.partitionIndex };
            rounds.answer(key, found.errorCode, null, () => foundOffset(found));
          }
        }
      },
    });
  }
}

type Found = Decoded<typeof ListOffsets.response>['topics'][number]['partitions'][number];

function wanted(at: OffsetQuerySpec): { timestamp: number; versionMin: number } {
  if (typeof at !== 'string') {
    return { timestamp: wholeNumber(at.timestampMs, 'the timestampMs', 0, Number.MAX_SAFE_INTEGER), versionMin: 1 };
  }
  if (Object.hasOwn(SPECS, at)) return SPECS[at];
  throw new KafkaError(
    'MISUSE',
    `the offset spec is ${String(at)}; one of ${Object.keys(SPECS).join(', ')} or { timestampMs } is allowed`,
  );
}

function foundOffset({ offset, timestamp, leaderEpoch }: Found): ListedOffset {
  return {
    offset: wholeOrNone(offset, 'the offset'),
    timestampMs: wholeOrNone(timestamp, 'the timestamp'),
    leaderEpoch: orNone(leaderEpoch),
  };
}

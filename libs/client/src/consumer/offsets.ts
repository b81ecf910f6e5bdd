import { type Decoded, ListOffsets } from '@trunkline/protocol';
import type { Cluster, PartitionImage } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { IsolationLevel } from './fetcher-options.js';
import { pause } from './pause.js';

/** Which offset: of either end, of the record with the greatest timestamp (Kafka 3.0), or of the first at a time (ms since 1970) or later. */
export type OffsetSpec = 'earliest' | 'latest' | 'max-timestamp' | number;

export interface OffsetLookup {
  /** `read_committed`: the latest is the last stable offset. Default `read_uncommitted`. */
  readonly isolationLevel?: IsolationLevel;
  /** How long in all, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What was found for one partition. */
export interface FoundOffset {
  readonly topic: string;
  readonly partition: number;
  /** -1: no record is that late, or there is none at all; and when there is an error. */
  readonly offset: number;
  /** Of the record; -1 for either end. */
  readonly timestampMs: number;
  /** Of the record at the offset, or of the log's end; -1: not known. */
  readonly leaderEpoch: number;
  readonly error: KafkaError | undefined;
}

interface Sought {
  readonly topic: string;
  readonly partition: number;
  found: FoundOffset | undefined;
  /** Why it is not found yet. */
  trouble: KafkaError | undefined;
}

const SPECIAL = { latest: -1, earliest: -2, 'max-timestamp': -3 } as const;
/** Timestamps of -3 and below need it (KIP-734). */
const MAX_TIMESTAMP_VERSION = 7;
const TIMEOUT_MS = 30_000;
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 1_000;
/** One hung leader must not take the time in which another might answer. */
const ASK_TIMEOUT_MS = 10_000;

/**
 * Looks up an offset in each partition, at their leaders (ListOffsets), in the order asked for; retriable errors are tried
 * again until the time is over.
 *
 * Resolves even when some or all fail: each result has an error of its own. Rejects with MISUSE for a spec that means nothing.
 */
export async function offsetsFor(
  cluster: Cluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  spec: OffsetSpec,
  options: OffsetLookup = {},
): Promise<readonly FoundOffset[]> {
  const timestamp = typeof spec === 'number' ? spec : SPECIAL[spec];
  if (!Number.isSafeInteger(timestamp) || (typeof spec === 'number' && spec < 0)) {
    throw new KafkaError('MISUSE', `no offset is meant by ${String(spec)}`, {
      advice: 'give earliest, latest, max-timestamp, or milliseconds since 1970',
    });
  }
  const sought = new Map<string, Sought>();
  for (const { topic, partition } of partitions) {
    sought.set(`${topic}/${partition}`, { topic, partition, found: undefined, trouble: undefined });
  }
  await new OffsetSearch(cluster, timestamp, options).run([...sought.values()]);
  return partitions.map(({ topic, partition }) => sought.get(`${topic}/${partition}`)!.found!);
}

/** The same for one spec, over as many rounds as it takes. */
class OffsetSearch {
  readonly #deadlineMs: number;

  constructor(
    private readonly cluster: Cluster,
    private readonly timestamp: number,
    private readonly options: OffsetLookup,
  ) {
    this.#deadlineMs = cluster.ports.clock.monotonicMs() + (options.timeoutMs ?? TIMEOUT_MS);
  }

  async run(all: readonly Sought[]): Promise<void> {
    let left = all;
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
      await this.#round(left);
      left = left.filter(({ found }) => found === undefined);
      if (left.length === 0) return;
      const leftMs = this.#deadlineMs - this.cluster.ports.clock.monotonicMs();
      if (leftMs <= 0 || this.#isAborted()) break;
      await pause(this.cluster, Math.min(pauseMs, leftMs), this.options.signal);
      if (this.#isAborted()) break;
      await this.cluster.refresh([...new Set(left.map(({ topic }) => topic))]).catch(() => {});
    }
    for (const one of left) this.#settle(one, one.trouble ?? new KafkaError('TIMED_OUT', 'no offset in time'));
  }

  #isAborted(): boolean {
    return this.options.signal?.aborted === true;
  }

  async #round(left: readonly Sought[]): Promise<void> {
    const byLeader = new Map<number, { readonly sought: Sought; readonly image: PartitionImage }[]>();
    await Promise.all([...new Set(left.map(({ topic }) => topic))].map((topic) => this.#known(topic)));
    for (const sought of left) {
      const image = this.cluster.image.topics.get(sought.topic)?.partitions[sought.partition];
      if (image === undefined || image.leader < 0) {
        const code = image === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'LEADER_NOT_AVAILABLE';
        sought.trouble = new KafkaError(code, 'no leader is known', { about: nameOf(sought) });
        continue;
      }
      const group = byLeader.get(image.leader);
      if (group === undefined) byLeader.set(image.leader, [{ sought, image }]);
      else group.push({ sought, image });
    }
    await Promise.all([...byLeader].map(([leader, group]) => this.#ask(leader, group)));
  }

  async #known(topic: string): Promise<void> {
    await this.cluster.topic(topic).catch(() => undefined);
  }

  async #ask(
    leader: number,
    group: readonly { readonly sought: Sought; readonly image: PartitionImage }[],
  ): Promise<void> {
    const topics = new Map<string, { partitionIndex: number; currentLeaderEpoch: number; timestamp: number }[]>();
    for (const { sought, image } of group) {
      const row = {
        partitionIndex: sought.partition,
        currentLeaderEpoch: image.leaderEpoch,
        timestamp: this.timestamp,
      };
      const rows = topics.get(sought.topic);
      if (rows === undefined) topics.set(sought.topic, [row]);
      else rows.push(row);
    }
    const leftMs = Math.ceil(this.#deadlineMs - this.cluster.ports.clock.monotonicMs());
    const timeoutMs = Math.max(1, Math.min(ASK_TIMEOUT_MS, leftMs));
    const { isolationLevel, signal } = this.options;
    try {
      const { body } = await this.cluster.ask(
        { kind: 'node', nodeId: leader },
        ListOffsets,
        {
          replicaId: -1,
          isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
          topics: [...topics].map(([name, rows]) => ({ name, partitions: rows })),
          timeoutMs,
        },
        {
          timeoutMs,
          ...(this.timestamp < SPECIAL.earliest && { versionMin: MAX_TIMESTAMP_VERSION }),
          ...(signal !== undefined && { signal }),
        },
      );
      for (const { sought } of group) {
        sought.trouble = new KafkaError('PROTOCOL_VIOLATION', 'the broker said nothing of it', {
          about: nameOf(sought),
        });
      }
      this.#take(body, new Map(group.map(({ sought }) => [`${sought.topic}/${sought.partition}`, sought])));
    } catch (reason) {
      const error = KafkaError.from(reason, 'DISCONNECTED');
      for (const { sought } of group) this.#failed(sought, error);
    }
  }

  #take(answer: Decoded<(typeof ListOffsets)['response']>, group: ReadonlyMap<string, Sought>): void {
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of partitions) {
        const sought = group.get(`${name}/${partitionIndex}`);
        if (sought === undefined || sought.found !== undefined) continue;
        const error = KafkaError.ofCode(errorCode, nameOf(sought));
        if (error !== undefined) {
          this.#failed(sought, error);
          continue;
        }
        if (offset < -1n || offset > Number.MAX_SAFE_INTEGER) {
          const about = nameOf(sought);
          this.#settle(sought, new KafkaError('PROTOCOL_VIOLATION', `the broker says offset ${offset}`, { about }));
          continue;
        }
        sought.found = {
          topic: sought.topic,
          partition: sought.partition,
          offset: Number(offset),
          timestampMs: Number(timestamp),
          leaderEpoch,
          error: undefined,
        };
      }
    }
  }

  #failed(sought: Sought, error: KafkaError): void {
    if (!error.retriable) this.#settle(sought, error);
    else {
      sought.trouble = error;
      this.cluster.doubt(sought.topic, sought.partition);
    }
  }

  #settle(sought: Sought, error: KafkaError): void {
    const { topic, partition } = sought;
    sought.found = { topic, partition, offset: -1, timestampMs: -1, leaderEpoch: -1, error };
  }
}

function nameOf({ topic, partition }: Sought): string {
  return `topic ${topic}/${partition}`;
}

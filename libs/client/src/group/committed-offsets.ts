import { ZERO_UUID } from '@trunkline/kernel';
import { OffsetFetch } from '@trunkline/protocol';
import { Backoff } from '../backoff.js';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { GroupSettings } from './group-options.js';
import { verdictOf } from './membership.js';
import type { CommitStanding, CommittedOffset } from './offsets.js';
import { type TopicPartition, indexesByTopic, nameOfPartition } from '../topic-partition.js';

/** How long one OffsetFetch may take, ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Several groups in one request since this version. */
const GROUPS_SINCE = 8;
const NAMES_UNTIL = 9;
/** Waits for open transactions since this version (KIP-447). */
const STABLE_SINCE = 7;

type Found = Map<string, CommittedOffset>;

/** Reads a group's committed offsets. What is asked in one turn goes in one request. */
export class CommittedOffsets {
  #wanted = new Map<string, TopicPartition>();
  #round: Promise<Found> | undefined;
  #isClosed = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: GroupSettings,
    /** The member in whose name is asked, so that a stale one is found out; undefined: nobody's. */
    private readonly standing: () => CommitStanding | undefined,
  ) {}

  /**
   * What is committed, in the order asked for; undefined where nothing is. Tries again for `commitTimeoutMs`, also
   * while transactions are open with `read_committed`; rejects with the last error then.
   */
  async committed(partitions: readonly TopicPartition[]): Promise<(CommittedOffset | undefined)[]> {
    if (partitions.length === 0) return [];
    for (const partition of partitions) this.#wanted.set(nameOfPartition(partition), partition);
    this.#round ??= Promise.resolve().then(() => {
      const wanted = [...this.#wanted.values()];
      this.#wanted = new Map();
      this.#round = undefined;
      return this.#fetchPatiently(wanted);
    });
    const found = await this.#round;
    return partitions.map((partition) => found.get(nameOfPartition(partition)));
  }

  close(): void {
    this.#isClosed = true;
  }

  async #fetchPatiently(wanted: readonly TopicPartition[]): Promise<Found> {
    const { commitTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = this.settings;
    const backoff = new Backoff(retryBackoffMs, retryBackoffMaxMs);
    const { clock } = this.cluster.ports;
    const untilMs = clock.monotonicMs() + commitTimeoutMs;
    for (;;) {
      const error = await this.#fetch(wanted).catch((reason: unknown) =>
        KafkaError.from(reason, 'DISCONNECTED', this.#about),
      );
      if (!(error instanceof KafkaError)) return error;
      if (verdictOf(error) === 'elsewhere') this.cluster.forgetCoordinator('group', this.settings.groupId);
      const pauseMs = backoff.next();
      const isPassing = error.retriable || error.is('STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID');
      if (!isPassing || this.#isClosed || clock.monotonicMs() + pauseMs > untilMs) throw error;
      await new Promise<void>((resolve) => this.cluster.after(pauseMs, resolve));
    }
  }

  async #fetch(wanted: readonly TopicPartition[]): Promise<Found> {
    const { groupId, isolationLevel } = this.settings;
    const requireStable = isolationLevel === 'read_committed';
    const byTopic = indexesByTopic(wanted);
    const ids = this.#topicIds(byTopic.keys());
    const standing = this.standing();
    const { version, body } = await this.cluster.ask(
      { kind: 'coordinator', type: 'group', key: groupId },
      OffsetFetch,
      (asked) => {
        const topics = [...byTopic].map(([name, partitionIndexes]) =>
          asked > NAMES_UNTIL ? { topicId: ids?.get(name) ?? ZERO_UUID, partitionIndexes } : { name, partitionIndexes },
        );
        if (asked < GROUPS_SINCE) {
          const named = [...byTopic].map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
          return { groupId, topics: named, requireStable };
        }
        const { memberId = null, generation: memberEpoch = -1 } = standing ?? {};
        return { groups: [{ groupId, memberId, memberEpoch, topics }], requireStable };
      },
      {
        timeoutMs: REQUEST_TIMEOUT_MS,
        ...(ids === undefined && { versionMax: NAMES_UNTIL }),
        ...(requireStable && { versionMin: STABLE_SINCE }),
      },
    );
    const nameById = new Map([...(ids ?? [])].map(([name, id]) => [id, name]));
    const group = body.groups[0];
    KafkaError.check(group?.errorCode ?? body.errorCode, this.#about);
    const found: Found = new Map();
    for (const topic of group?.topics ?? body.topics.map((plain) => ({ ...plain, topicId: ZERO_UUID }))) {
      const name = version > NAMES_UNTIL ? (nameById.get(topic.topicId) ?? '') : topic.name;
      for (const { partitionIndex, errorCode, committedOffset, committedLeaderEpoch, metadata } of topic.partitions) {
        KafkaError.check(errorCode, `${this.#about} of ${name}/${partitionIndex}`);
        if (committedOffset < 0n) continue;
        const partition = { topic: name, partition: partitionIndex };
        found.set(nameOfPartition(partition), {
          ...partition,
          offset: Number(committedOffset),
          leaderEpoch: committedLeaderEpoch,
          metadata: metadata ?? '',
        });
      }
    }
    return found;
  }

  /** undefined: not all are known, so names are used. */
  #topicIds(names: Iterable<string>): ReadonlyMap<string, typeof ZERO_UUID> | undefined {
    const ids = new Map<string, typeof ZERO_UUID>();
    for (const name of names) {
      const image = this.cluster.image.topics.get(name);
      if (image === undefined || image.topicId === ZERO_UUID) return undefined;
      ids.set(name, image.topicId);
    }
    return ids;
  }

  get #about(): string {
    return `group ${this.settings.groupId}: committed offsets`;
  }
}

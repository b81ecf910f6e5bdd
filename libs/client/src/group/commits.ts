import { type Timer, ZERO_UUID } from '@trunkline/kernel';
import { OffsetCommit } from '@trunkline/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { type CommitBatch, CommitQueue } from './commit-queue.js';
import type { GroupSettings } from './group-options.js';
import { verdictOf } from './membership.js';
import type { CommitStanding, GroupOffset } from './offsets.js';
import type { TopicPartition } from '../topic-partition.js';

/** How long one OffsetCommit may take, ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The last version that names topics by name. */
const NAMES_UNTIL = 9;
/** Static members exist since this version. */
const STATIC_SINCE = 7;

/** Sends what a {@link CommitQueue} lets go. One for each member. */
export class Commits {
  readonly #queue: CommitQueue;
  #timer: Timer | undefined;
  #isClosed = false;
  #idle: (() => void)[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: GroupSettings,
    private readonly standing: () => CommitStanding,
    /** A commit said that the group goes on without the member that it was as of this generation. */
    private readonly fenced: (generation: number, error: KafkaError) => void,
  ) {
    this.#queue = new CommitQueue(settings);
  }

  /** Resolves when all of these, or later words for the same partitions, are committed. Rejects with the first refusal. */
  commit(offsets: readonly GroupOffset[]): Promise<void> {
    if (offsets.length === 0) return Promise.resolve();
    if (this.#isClosed) return Promise.reject(this.#closedError());
    const wrong = offsets.find(({ offset }) => !Number.isSafeInteger(offset) || offset < 0);
    if (wrong !== undefined) {
      const detail = `the offset ${wrong.offset} of ${wrong.topic}/${wrong.partition} cannot be committed`;
      return Promise.reject(new KafkaError('MISUSE', detail, { advice: 'give a whole number from 0 on' }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.add(offsets, this.standing(), this.#nowMs(), (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      this.pump();
    });
  }

  /** Sends what can be sent now. To be called when the member's standing has changed. */
  pump(): void {
    const batch = this.#queue.next(this.standing(), this.#nowMs());
    if (batch !== undefined) void this.#send(batch);
    if (this.#queue.isIdle) for (const resolve of this.#idle.splice(0)) resolve();
    this.#wind();
  }

  /** These are this member's own from now on. */
  given(partitions: readonly TopicPartition[]): void {
    this.#queue.given(partitions);
  }

  /** These are others' now: what waits for them is refused, and what is committed of them until they are given again. */
  lost(partitions: readonly TopicPartition[]): void {
    this.#queue.lost(partitions);
    this.pump();
  }

  /** Resolves when nothing waits any more. Never rejects. */
  idle(): Promise<void> {
    return this.#queue.isIdle ? Promise.resolve() : new Promise((resolve) => void this.#idle.push(resolve));
  }

  /** Refuses what waits. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#queue.close(this.#closedError());
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #send(batch: CommitBatch): Promise<void> {
    let errors: ReadonlyMap<string, KafkaError> | KafkaError;
    try {
      errors = await this.#ask(batch);
    } catch (reason) {
      errors = KafkaError.from(reason, 'DISCONNECTED', this.#about);
    }
    if (this.#isClosed) return;
    const standing = this.standing();
    const fenced =
      errors instanceof KafkaError
        ? this.#queue.failed(errors, standing, this.#nowMs())
        : this.#queue.answered(errors, standing, this.#nowMs());
    const all = errors instanceof KafkaError ? [errors] : [...errors.values()];
    if (all.some((error) => verdictOf(error) === 'elsewhere')) {
      this.cluster.forgetCoordinator('group', this.settings.groupId);
    }
    if (fenced !== undefined) this.fenced(batch.generation, fenced);
    this.pump();
  }

  async #ask({ memberId, generation, instanceId, offsets }: CommitBatch): Promise<ReadonlyMap<string, KafkaError>> {
    const ids = await this.#topicIds(offsets);
    const { groupId } = this.settings;
    const topics = groupedByTopic(offsets);
    const { version, body } = await this.cluster.ask(
      { kind: 'coordinator', type: 'group', key: groupId },
      OffsetCommit,
      (asked) => ({
        groupId,
        generationIdOrMemberEpoch: generation,
        memberId,
        ...(instanceId !== null && { groupInstanceId: instanceId }),
        topics: [...topics].map(([name, partitions]) =>
          asked > NAMES_UNTIL ? { topicId: ids?.get(name) ?? ZERO_UUID, partitions } : { name, partitions },
        ),
      }),
      {
        timeoutMs: REQUEST_TIMEOUT_MS,
        ...(ids === undefined && { versionMax: NAMES_UNTIL }),
        ...(instanceId !== null && { versionMin: STATIC_SINCE }),
      },
    );
    const nameById = new Map([...(ids ?? [])].map(([name, id]) => [id, name]));
    const errors = new Map<string, KafkaError>();
    for (const topic of body.topics) {
      const name = version > NAMES_UNTIL ? (nameById.get(topic.topicId) ?? '') : topic.name;
      for (const { partitionIndex, errorCode } of topic.partitions) {
        const error = KafkaError.ofCode(errorCode, `${this.#about} of ${name}/${partitionIndex}`);
        if (error !== undefined) errors.set(`${name}/${partitionIndex}`, error);
      }
    }
    return errors;
  }

  /** undefined: not all are known, so names are used. */
  async #topicIds(offsets: readonly GroupOffset[]): Promise<ReadonlyMap<string, typeof ZERO_UUID> | undefined> {
    const ids = new Map<string, typeof ZERO_UUID>();
    for (const { topic } of offsets) {
      if (ids.has(topic)) continue;
      const image = this.cluster.image.topics.get(topic);
      if (image === undefined || image.topicId === ZERO_UUID) return undefined;
      ids.set(topic, image.topicId);
    }
    return ids;
  }

  #wind(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { wakeAtMs } = this.#queue;
    if (this.#isClosed || wakeAtMs === Infinity) return;
    this.#timer = this.cluster.after(Math.max(1, wakeAtMs - this.#nowMs()), () => this.pump());
  }

  #closedError(): KafkaError {
    return new KafkaError('CLOSED', 'the member has left its group', { about: this.#about });
  }

  get #about(): string {
    return `group ${this.settings.groupId}: commit`;
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }
}

interface WirePartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string;
}

function groupedByTopic(offsets: readonly GroupOffset[]): ReadonlyMap<string, readonly WirePartition[]> {
  const topics = new Map<string, WirePartition[]>();
  for (const { topic, partition, offset, leaderEpoch = -1, metadata = '' } of offsets) {
    const wire: WirePartition = {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    };
    const partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, [wire]);
    else partitions.push(wire);
  }
  return topics;
}

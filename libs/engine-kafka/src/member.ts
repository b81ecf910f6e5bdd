import {
  type Cluster,
  GroupMember,
  type GroupOffset,
  KafkaError,
  type TopicPartition,
  nameOfPartition,
  offsetsFor,
} from '@trunkline/client';
import { type Timer, asError } from '@trunkline/kernel';
import { Backoff } from './backoff.js';
import type { KafkaSettings } from './options.js';
import type { PartitionReader } from './reader.js';

/** What a membership needs to know. */
export interface MembershipOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group without a committed offset starts. */
  readonly from: 'earliest' | 'latest';
}

/** Beside the handlers' deadline: to commit and to tell the coordinator. */
const REVOKE_MARGIN_MS = 5_000;
const LOOK_TIMEOUT_MS = 10_000;

/**
 * A member of a group that reads what it is given: begins where the group left off, commits what is finished, lets go
 * when it is told to. Commits never reject here: what fails is tried again, or is somebody else's by now.
 */
export class Membership {
  /** Resolves when it reads for the first time. Rejects when the group does not take it. */
  readonly ready: Promise<void>;
  readonly #member: GroupMember;
  readonly #committed = new Map<string, number>();
  /** What it is to read, and under which grant; a grant that has ended adds nothing any more. */
  readonly #granted = new Map<string, object>();
  #isReady: () => void = () => {};
  #isNotReady: (reason: Error) => void = () => {};
  #addTrouble: string | undefined;
  #commitTrouble: string | undefined;
  #failure: KafkaError | undefined;
  #commitTimer: Timer | undefined;
  #isClosing = false;
  #adding = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: KafkaSettings,
    private readonly reader: PartitionReader,
    private readonly options: MembershipOptions,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isNotReady = reject;
    });
    this.ready.catch(() => {}); // Whoever waits for it hears of it.
    const { sessionTimeoutMs, heartbeatMs, rebalanceTimeoutMs, revokeDeadlineMs, metadataMaxAgeMs } = settings;
    const group = {
      groupId: options.group,
      topics: options.topics,
      sessionTimeoutMs,
      heartbeatMs,
      rebalanceTimeoutMs,
      revokeTimeoutMs: revokeDeadlineMs + REVOKE_MARGIN_MS,
      patternRefreshMs: metadataMaxAgeMs,
    };
    this.#member = new GroupMember(cluster, group, {
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#lost(partitions),
      onFailed: (error) => this.#failed(error),
    });
    this.#member.ready.then(
      () => this.#settle(),
      (reason: unknown) => this.#isNotReady(asError(reason)),
    );
  }

  /** Why it is not a member in good standing; undefined when it is. */
  get trouble(): string | undefined {
    return this.#failure?.message ?? this.#member.trouble ?? this.#addTrouble ?? this.#commitTrouble;
  }

  /** There may be something to commit: it will be, within `commitMs`. */
  moved(): void {
    if (this.#commitTimer !== undefined || this.#isClosing) return;
    this.#commitTimer = this.cluster.after(this.settings.commitMs, () => {
      this.#commitTimer = undefined;
      void this.#commitMoved();
    });
  }

  /** Commits once more, leaves the group and ends. Whoever calls this has stopped the reader and drained its work. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    this.#commitTimer?.cancel();
    await this.#member.close(deadlineMs);
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const grant = {};
    for (const partition of partitions) this.#granted.set(nameOfPartition(partition), grant);
    const left = (): readonly TopicPartition[] =>
      partitions.filter(
        (partition) => this.#granted.get(nameOfPartition(partition)) === grant && !this.reader.has(partition),
      );
    const pause = new Backoff(this.cluster.ports.clock);
    this.#adding += 1;
    while (left().length > 0 && !this.#isClosing) {
      try {
        await this.#add(left(), left);
        this.#addTrouble = undefined;
      } catch (reason) {
        this.#addTrouble = asError(reason).message;
        await pause.pause();
      }
    }
    this.#adding -= 1;
    this.#settle();
  }

  #settle(): void {
    if (this.#adding === 0 && this.#member.state === 'stable') this.#isReady();
  }

  async #add(added: readonly TopicPartition[], left: () => readonly TopicPartition[]): Promise<void> {
    const committed = await this.#member.committed(added);
    const fresh = added.filter((_, index) => committed[index] === undefined);
    const starts = new Map<string, number>();
    if (fresh.length > 0) {
      const found = await offsetsFor(this.cluster, fresh, this.options.from, { timeoutMs: LOOK_TIMEOUT_MS });
      for (const { error } of found) if (error !== undefined) throw error;
      for (const { topic, partition, offset } of found) starts.set(nameOfPartition({ topic, partition }), offset);
      // From now on the group has read nothing but what is written later, whoever reads the partition then.
      if (this.options.from === 'latest') await this.#member.commit(found);
    }
    const wanted = new Set(left());
    added.forEach((partition, index) => {
      if (!wanted.has(partition)) return;
      const name = nameOfPartition(partition);
      const offset = committed[index]?.offset ?? starts.get(name)!;
      this.#committed.set(name, offset);
      this.reader.add(partition, offset);
    });
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.#granted.delete(nameOfPartition(partition));
    await Promise.all(partitions.map((partition) => this.#release(partition)));
  }

  async #release(partition: TopicPartition): Promise<void> {
    const position = await this.reader.release(partition, this.settings.revokeDeadlineMs);
    const name = nameOfPartition(partition);
    const before = this.#committed.get(name) ?? -1;
    this.#committed.delete(name);
    if (position === undefined || position <= before) return;
    // Not known to be committed: another handles it again.
    await this.#member.commit([{ ...partition, offset: position }]).catch(() => {});
  }

  #lost(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#granted.delete(nameOfPartition(partition));
      this.#committed.delete(nameOfPartition(partition));
    }
    this.reader.revoke(partitions);
  }

  #failed(error: KafkaError): void {
    this.#failure = error;
    this.#isNotReady(error);
  }

  async #commitMoved(): Promise<void> {
    const moved: GroupOffset[] = [];
    for (const { topic, partition, position } of this.reader.positions()) {
      const before = this.#committed.get(nameOfPartition({ topic, partition }));
      if (before !== undefined && position > before) moved.push({ topic, partition, offset: position });
    }
    if (moved.length === 0) return;
    try {
      await this.#member.commit(moved);
      this.#commitTrouble = undefined;
      for (const position of moved) {
        const name = nameOfPartition(position);
        if ((this.#committed.get(name) ?? Infinity) < position.offset) this.#committed.set(name, position.offset);
      }
    } catch (reason) {
      // Fenced: it is somebody else's by now, and the membership says so itself.
      const isPassing = reason instanceof KafkaError && reason.is(...FENCED);
      if (!isPassing) this.#commitTrouble = asError(reason).message;
      this.moved();
    }
  }
}

const FENCED = [
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'REBALANCE_IN_PROGRESS',
  'STALE_MEMBER_EPOCH',
] as const;

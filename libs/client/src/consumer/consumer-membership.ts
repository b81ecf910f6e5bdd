import { asError } from '@trunkline/kernel';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { GroupMember } from '../group/group-member.js';
import type { GroupOptions } from '../group/group-options.js';
import type { GroupOffset } from '../group/offsets.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';
import type { ConsumerSettings } from './consumer-options.js';
import type { ConsumerPartitions, ConsumerPosition } from './consumer-partitions.js';
import { pause } from './pause.js';
import type { PartitionQueue } from './partition-queue.js';

/** Hears what a group gives and takes. */
export interface ConsumerListener {
  /** These are read from now on; records of them come once this has resolved. One may `seek` here. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** Finish and commit these: others get them when this has resolved, or at `revokeTimeoutMs`. No record of them comes any more. */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** Others may read these already: no commit of them is taken. */
  onLost?(partitions: readonly TopicPartition[]): void;
}

/** A consumer's place in its group: positions from what is committed, commits of what is done. */
export class ConsumerMembership {
  readonly member: GroupMember;
  /** Given by the group, by name; positions may still be on their way. The object tells one giving from the next. */
  readonly #given = new Map<string, object>();
  /** Those that the listener was told of, and not yet that they are taken. */
  readonly #told = new Set<string>();
  #committedAtMs: number;
  #isCommitting = false;
  #isClosing = false;

  constructor(
    private readonly cluster: Cluster,
    options: GroupOptions,
    private readonly settings: ConsumerSettings,
    private readonly partitions: ConsumerPartitions,
    private readonly listener: ConsumerListener,
  ) {
    this.#committedAtMs = this.#nowMs();
    this.member = new GroupMember(cluster, options, {
      onAssigned: (given) => this.#assigned(given),
      onRevoked: (taken) => this.#revoked(taken),
      onLost: (lost) => this.#lost(lost),
      onFailed: (error) => this.partitions.fail(error),
    });
  }

  /** Missing: what is done of all partitions. */
  async commit(offsets: readonly GroupOffset[] = this.#done(this.partitions.all)): Promise<void> {
    await this.member.commit(offsets);
    for (const { topic, partition, offset } of offsets) {
      const queue = this.partitions.find({ topic, partition });
      if (queue !== undefined) queue.committed = offset;
    }
  }

  /** Commits what is done when it is time; what fails is committed the next time. */
  autoCommit(nowMs: number): void {
    const { autoCommitIntervalMs } = this.settings;
    if (autoCommitIntervalMs === 0 || this.#isCommitting || nowMs - this.#committedAtMs < autoCommitIntervalMs) return;
    this.#committedAtMs = nowMs;
    const offsets = this.#done(this.partitions.all);
    if (offsets.length === 0) return;
    this.#isCommitting = true;
    void this.#commitQuietly(offsets).finally(() => (this.#isCommitting = false));
  }

  /** What is done is committed, and the group left. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    await this.member.close(deadlineMs); // Commits in onRevoked.
    this.#given.clear();
  }

  async #assigned(given: readonly TopicPartition[]): Promise<void> {
    const token = {};
    for (const one of given) this.#given.set(nameOfPartition(one), token);
    const isOurs = (one: TopicPartition): boolean => this.#given.get(nameOfPartition(one)) === token;
    const queues = await this.#placed(given, token);
    // Positions take their time: what was taken meanwhile was never theirs to hear of.
    const ours = given.filter(isOurs);
    if (ours.length === 0) return;
    for (const one of ours) this.#told.add(nameOfPartition(one));
    await this.listener.onAssigned?.(ours);
    for (const queue of queues) {
      if (!isOurs(queue)) continue;
      queue.isHeld = false;
      this.partitions.readied(queue);
    }
  }

  /** Finds positions, again and again while the partitions are ours, and begins to fetch. */
  async #placed(given: readonly TopicPartition[], token: object): Promise<PartitionQueue[]> {
    const { retryBackoffMaxMs } = this.settings.fetcher;
    for (;;) {
      const ours = given.filter((one) => this.#given.get(nameOfPartition(one)) === token);
      if (ours.length === 0 || this.#isClosing) return [];
      try {
        const positions = await this.#positions(ours);
        const still = positions.filter((one) => this.#given.get(nameOfPartition(one)) === token);
        return still.map((position) => this.#add(position));
      } catch (reason) {
        const error = KafkaError.from(reason, 'UNREACHABLE', 'positions of the group');
        if (!error.retriable) {
          this.partitions.fail(error);
          return [];
        }
        this.cluster.ports.logger.warn('positions of a group are not known yet', { reason: error.message });
        await pause(this.cluster, retryBackoffMaxMs, this.partitions.signal);
      }
    }
  }

  async #positions(ours: readonly TopicPartition[]): Promise<ConsumerPosition[]> {
    const committed = await this.member.committed(ours);
    const known: ConsumerPosition[] = [];
    const unknown: TopicPartition[] = [];
    for (const [index, one] of ours.entries()) {
      const position = committed[index];
      if (position === undefined) unknown.push(one);
      else known.push(position);
    }
    return [...known, ...(await this.partitions.reset(unknown))];
  }

  #add(position: ConsumerPosition): PartitionQueue {
    this.partitions.remove(position); // Of an earlier giving, whose end its listener still works on.
    const queue = this.partitions.add(position, true);
    queue.committed = position.offset;
    return queue;
  }

  async #revoked(taken: readonly TopicPartition[]): Promise<void> {
    for (const one of taken) this.#given.delete(nameOfPartition(one));
    const queues = taken.map((one) => this.partitions.find(one)).filter((queue) => queue !== undefined);
    for (const queue of queues) queue.isHeld = true;
    const told = this.#untold(taken);
    try {
      if (told.length > 0) await this.listener.onRevoked?.(told);
      // Beyond its time the group has given them to others, who may have committed more.
      const held = new Set(this.member.assigned.map(nameOfPartition));
      const still = queues.filter((queue) => this.partitions.find(queue) === queue && held.has(nameOfPartition(queue)));
      if (this.settings.autoCommitIntervalMs > 0) await this.#commitQuietly(this.#done(still));
    } finally {
      // Lost and given anew meanwhile, it is read by another queue, which stays.
      for (const queue of queues) if (this.partitions.find(queue) === queue) this.partitions.remove(queue);
    }
  }

  #lost(lost: readonly TopicPartition[]): void {
    for (const one of lost) {
      this.#given.delete(nameOfPartition(one));
      this.partitions.remove(one);
    }
    const told = this.#untold(lost);
    if (told.length > 0) this.listener.onLost?.(told);
  }

  /** Of these, those that the listener knows as its own; it hears of their end now. */
  #untold(partitions: readonly TopicPartition[]): TopicPartition[] {
    return partitions.filter((one) => this.#told.delete(nameOfPartition(one)));
  }

  async #commitQuietly(offsets: readonly GroupOffset[]): Promise<void> {
    try {
      await this.commit(offsets);
    } catch (reason) {
      this.cluster.ports.logger.warn('an automatic commit failed', { reason: asError(reason).message });
    }
  }

  #done(queues: readonly PartitionQueue[]): GroupOffset[] {
    return queues
      .filter(({ done, committed }) => done !== committed)
      .map(({ topic, partition, done, doneEpoch }) => ({ topic, partition, offset: done, leaderEpoch: doneEpoch }));
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }
}

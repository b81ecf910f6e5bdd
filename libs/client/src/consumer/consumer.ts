import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { GroupMetadata } from '../group/group-member.js';
import type { GroupOptions } from '../group/group-options.js';
import type { GroupOffset } from '../group/offsets.js';
import type { TopicPartition } from '../topic-partition.js';
import { type ConsumerListener, ConsumerMembership } from './consumer-membership.js';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from './consumer-options.js';
import { ConsumerPartitions, type ConsumerPosition } from './consumer-partitions.js';
import type { FetchedRecord } from './fetched-record.js';
import type { OffsetSpec } from './offsets.js';
import type { PartitionQueue } from './partition-queue.js';

/** A partition to be read. `offset` missing: what the reset policy says, or where it is read already. */
export interface Assignment extends TopicPartition {
  readonly offset?: number | OffsetName;
}
type OffsetName = Exclude<OffsetSpec, number>;

/**
 * Reads partitions, ahead of who asks: those that it was assigned, or that a group shares out. Records come by `poll` or by
 * `for await`.
 *
 * A partition that cannot be read throws once, where records are asked for, with an error that names the offset; then the
 * others go on, and it stands still until somebody seeks.
 */
export class Consumer implements AsyncIterable<FetchedRecord> {
  readonly #settings: ConsumerSettings;
  readonly #partitions: ConsumerPartitions;
  #membership: ConsumerMembership | undefined;
  #wake: (() => void) | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  /** Whose records were handed out last: with the next asking they are done. */
  readonly #handed = new Set<PartitionQueue>();
  readonly #hand = (queue: PartitionQueue): void => void this.#handed.add(queue);

  constructor(
    private readonly cluster: Cluster,
    options: ConsumerOptions = {},
  ) {
    this.#settings = consumerSettings(options);
    this.#partitions = new ConsumerPartitions(cluster, this.#settings, () => this.#wake?.());
  }

  /** What is read now. */
  get assignment(): readonly TopicPartition[] {
    return this.#partitions.all.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The member of the group, for transactional offset commits; undefined without a group. */
  get groupMetadata(): GroupMetadata | undefined {
    return this.#membership?.member.generation;
  }

  /** Why something is not read now, though it should be; undefined when everything is. */
  get trouble(): string | undefined {
    return this.#membership?.member.trouble ?? this.#partitions.fetcher.trouble?.message;
  }

  /**
   * Reads exactly these from now on. Those that are read already and come without an offset go on where they are.
   *
   * Rejects when a position cannot be found: with what ListOffsets said, TIMED_OUT, or OFFSET_OUT_OF_RANGE when there is
   * no reset policy; then nothing has changed.
   */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    this.#open();
    if (this.#membership !== undefined) throw misuse('a consumer in a group is assigned by the group');
    const wanted = new Map(assignments.map((one) => [`${one.topic}/${one.partition}`, one]));
    const positions = await this.#positions([...wanted.values()]);
    this.#open();
    for (const { topic, partition } of this.#partitions.all) {
      if (!wanted.has(`${topic}/${partition}`)) this.#partitions.remove({ topic, partition });
    }
    for (const position of positions) {
      if (this.#partitions.find(position) === undefined) this.#partitions.add(position);
      else this.#partitions.seek(position);
    }
  }

  /**
   * Joins a group and reads what it shares out, from what the group has committed; where nothing is, as the reset policy
   * says. Resolves with the first assignment, which may be empty. Rejects as GroupMember does when it cannot be a member.
   */
  async subscribe(options: GroupOptions, listener: ConsumerListener = {}): Promise<void> {
    this.#open();
    if (this.#membership !== undefined) throw misuse('it is subscribed already');
    if (this.#partitions.all.length > 0) throw misuse('partitions are assigned by hand already');
    const { clientRack, isolationLevel } = this.#settings.fetcher;
    const rack = clientRack === '' ? undefined : clientRack;
    this.#membership = new ConsumerMembership(
      this.cluster,
      { isolationLevel, ...(rack !== undefined && { rack }), ...options },
      this.#settings,
      this.#partitions,
      listener,
    );
    await this.#membership.member.ready;
  }

  /**
   * The next records, of one or more partitions; waits for the first at most so long. Empty: there was none in time, or
   * the consumer was closed meanwhile. What an earlier `poll` gave counts as done.
   *
   * Throws what went wrong with a partition (FetchError names the place), once; MISUSE when two wait at once; CLOSED.
   */
  async poll(maxWaitMs: number): Promise<readonly FetchedRecord[]> {
    this.#ask();
    const { maxPollRecords } = this.#settings;
    let records = this.#take(maxPollRecords);
    if (records.length > 0 || maxWaitMs <= 0) return records;
    const deadlineMs = this.#nowMs() + maxWaitMs;
    for (let leftMs = maxWaitMs; leftMs > 0; leftMs = deadlineMs - this.#nowMs()) {
      await this.#woken(leftMs);
      if (this.#isClosed) return [];
      records = this.#take(maxPollRecords);
      if (records.length > 0) return records;
    }
    return records;
  }

  /** The records one by one, without an end until the consumer is closed. Leaving the loop leaves the consumer as it is. */
  [Symbol.asyncIterator](): AsyncIterator<FetchedRecord, undefined, void> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.#settle();
        return { done: true, value: undefined };
      },
    };
  }

  /** The offset of the next record that is handed out. Throws MISUSE for a partition that is not assigned. */
  position(topic: string, partition: number): number {
    return this.#partitions.get({ topic, partition }).position;
  }

  /** Goes on at an offset. `leaderEpoch`: of the record before it, so that truncations are found (KIP-320). */
  seek(topic: string, partition: number, offset: number, leaderEpoch = -1): void {
    this.#open();
    this.#partitions.seek({ topic, partition, offset, leaderEpoch });
  }

  /** Missing: all that are assigned. Rejects with the first error of those that could not be looked up. */
  async seekToBeginning(partitions: readonly TopicPartition[] = this.assignment): Promise<void> {
    await this.seekTo('earliest', partitions);
  }

  async seekToEnd(partitions: readonly TopicPartition[] = this.assignment): Promise<void> {
    await this.seekTo('latest', partitions);
  }

  /** Goes to the first record at a time (ms since 1970) or later, or to its end where there is none; or to either end. */
  async seekTo(spec: OffsetSpec, partitions: readonly TopicPartition[] = this.assignment): Promise<void> {
    this.#open();
    for (const partition of partitions) this.#partitions.get(partition);
    const found = await this.#partitions.lookUp(partitions, spec);
    const late = found.filter(({ offset }) => offset < 0);
    const ends = late.length === 0 ? [] : await this.#partitions.lookUp(late, 'latest');
    for (const position of [...found.filter(({ offset }) => offset >= 0), ...ends]) {
      if (this.#partitions.find(position) !== undefined) this.#partitions.seek(position);
    }
  }

  /** Hands out nothing of them, and fetches nothing new, until they are resumed. They stay assigned. */
  pause(partitions: readonly TopicPartition[] = this.assignment): void {
    for (const partition of partitions) this.#partitions.pause(partition);
  }

  resume(partitions: readonly TopicPartition[] = this.assignment): void {
    for (const partition of partitions) this.#partitions.resume(partition);
  }

  /**
   * Records between the position and the end of what this consumer may see, as of the last answer of the broker;
   * undefined before the first. Offsets of control records count.
   */
  lag(topic: string, partition: number): number | undefined {
    const { position } = this.#partitions.get({ topic, partition });
    const marks = this.#partitions.fetcher.watermarks(topic, partition);
    const isCommitted = this.#settings.fetcher.isolationLevel === 'read_committed';
    const end = isCommitted ? marks?.lastStableOffset : marks?.highWatermark;
    return end === undefined || end < 0 ? undefined : Math.max(0, end - position);
  }

  /** Commits these; missing: the positions, as if all that was handed out were done. Rejects as `GroupMember.commit`; MISUSE without a group. */
  async commit(offsets?: readonly GroupOffset[]): Promise<void> {
    if (this.#membership === undefined) throw misuse('only a consumer in a group can commit');
    if (offsets === undefined) this.#settle();
    await this.#membership.commit(offsets);
  }

  /**
   * Ends reading: what was handed out counts as done and is committed (with `autoCommitIntervalMs`), the group is left.
   * Who waits in `poll` or `for await` gets no more records. Resolves within `deadlineMs`, and never rejects.
   */
  close(deadlineMs = 30_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#settle();
    this.#isClosed = true;
    this.#wake?.();
    await this.#membership?.close(deadlineMs);
    this.#partitions.stop();
  }

  async #positions(assignments: readonly Assignment[]): Promise<ConsumerPosition[]> {
    const bySpec = new Map<OffsetName | undefined, TopicPartition[]>();
    const positions: ConsumerPosition[] = [];
    for (const { topic, partition, offset } of assignments) {
      if (typeof offset === 'number') positions.push({ topic, partition, offset });
      else if (offset !== undefined || this.#partitions.find({ topic, partition }) === undefined) {
        const group = bySpec.get(offset);
        if (group === undefined) bySpec.set(offset, [{ topic, partition }]);
        else group.push({ topic, partition });
      }
    }
    const found = await Promise.all(
      [...bySpec].map(([spec, group]) => {
        return spec === undefined ? this.#partitions.reset(group) : this.#partitions.lookUp(group, spec);
      }),
    );
    return [...positions, ...found.flat()];
  }

  #next(): Promise<IteratorResult<FetchedRecord, undefined>> {
    try {
      if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
      this.#ask();
      const record = this.#one();
      return record === undefined ? this.#later() : Promise.resolve({ done: false, value: record });
    } catch (reason) {
      return Promise.reject(KafkaError.from(reason, 'MISUSE'));
    }
  }

  async #later(): Promise<IteratorResult<FetchedRecord, undefined>> {
    for (;;) {
      await this.#woken();
      if (this.#isClosed) return { done: true, value: undefined };
      const record = this.#one();
      if (record !== undefined) return { done: false, value: record };
    }
  }

  #one(): FetchedRecord | undefined {
    const record = this.#partitions.next(this.#hand);
    if (record === undefined) this.#throwError();
    return record;
  }

  #take(max: number): FetchedRecord[] {
    const records = this.#partitions.take(max, this.#hand);
    if (records.length === 0) this.#throwError();
    return records;
  }

  #throwError(): void {
    const error = this.#partitions.takeError();
    if (error !== undefined) throw error;
  }

  /** Somebody asks for more: what they had is done. */
  #ask(): void {
    this.#open();
    if (this.#wake !== undefined) throw misuse('two wait for records at once');
    this.#settle();
    this.#membership?.autoCommit(this.#nowMs());
  }

  #settle(): void {
    for (const queue of this.#handed) queue.settle();
    this.#handed.clear();
  }

  #woken(limitMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = limitMs === undefined ? undefined : this.cluster.after(limitMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        timer?.cancel();
        resolve();
      };
    });
  }

  #open(): void {
    if (this.#isClosed) throw new KafkaError('CLOSED', 'the consumer is closed', { about: 'consumer' });
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }
}

function misuse(detail: string): KafkaError {
  return new KafkaError('MISUSE', detail, { about: 'consumer' });
}

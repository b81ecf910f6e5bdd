import { type Timer, asError } from '@trunkline/kernel';
import { Backoff } from './backoff.js';
import type { BrokerLink } from './broker-link.js';
import type { Cluster } from './cluster.js';
import { BrokerSaid, isRetriable } from './error-codes.js';
import { type Generation, type GroupSession, type Position, isFenced } from './group-session.js';
import { offsetsAt } from './offsets.js';
import type { PartitionReader } from './partition-reader.js';
import { type TopicPartition, nameOfPartition } from './topic-partition.js';

/**
 * A membership kept up: joins, beats, rebalances, commits, and begins again after whatever broke it. A coordinator that
 * cannot be reached is looked for until it is found; what was read before goes on meanwhile, as long as the session lasts.
 */
export class GroupMember {
  /** Resolves when it reads for the first time. */
  readonly ready: Promise<void>;
  #isReady: () => void = () => {};
  #trouble: string | undefined;
  #commitTrouble: string | undefined;
  #joiningSinceMs: number | undefined;
  readonly #committed = new Map<string, number>();
  /** Partitions that were taken away and whose handlers still run. */
  readonly #releasing = new Map<string, Promise<void>>();
  readonly #pause: Backoff;
  readonly #beat: Backoff;
  readonly #ended: Promise<void>;
  #link: BrokerLink | undefined;
  #coordinatorId = -1;
  #generation: Generation | undefined;
  #mustJoin = true;
  #isClosing = false;
  #lastContactMs = 0;
  #lastGrowthCheckMs = 0;
  #commitTimer: Timer | undefined;
  #committing: Promise<void> | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly session: GroupSession,
    private readonly reader: PartitionReader,
    private readonly from: 'earliest' | 'latest',
  ) {
    this.ready = new Promise((resolve) => (this.#isReady = resolve));
    this.#pause = new Backoff(cluster.clock);
    this.#beat = new Backoff(cluster.clock);
    this.#ended = this.#run();
  }

  /** Why it is not a member in good standing; undefined when it is. */
  get trouble(): string | undefined {
    const { group } = this.session;
    const joiningMs = this.#joiningSinceMs === undefined ? 0 : this.#nowMs() - this.#joiningSinceMs;
    if (joiningMs > this.cluster.settings.sessionTimeoutMs && this.reader.names.length === 0) {
      return `group ${group} has been rebalancing for ${Math.round(joiningMs / 1_000)} s`;
    }
    return this.#trouble ?? this.#commitTrouble;
  }

  /** There may be something to commit: it will be, within `commitMs`. */
  moved(): void {
    if (this.#commitTimer !== undefined || this.#isClosing) return;
    this.#commitTimer = this.cluster.clock.after(this.cluster.settings.commitMs, () => {
      this.#commitTimer = undefined;
      void this.commit();
    });
  }

  /** Commits what has moved since the last time. Never rejects: what fails is tried again, or is somebody else's by now. */
  async commit(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    this.#committing = this.#commitMoved().finally(() => (this.#committing = undefined));
    await this.#committing;
  }

  /** Commits once more, leaves the group and ends. Whoever calls this has stopped the reader and drained its work. */
  async close(): Promise<void> {
    this.#commitTimer?.cancel();
    await this.commit();
    this.#isClosing = true;
    this.#commitTimer?.cancel();
    this.#pause.wake();
    this.#beat.wake();
    await this.#drop();
    await this.#ended;
    if (this.#coordinatorId < 0) return;
    try {
      await this.session.leave(await this.cluster.link(this.#coordinatorId, 'control'));
    } catch {
      // The coordinator cannot be told: it will notice when the session ends.
    }
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      try {
        const link = await this.#coordinator();
        if (this.#mustJoin) await this.#join(link);
        else await this.#heartbeat(link);
        while (!this.#mustJoin && !this.#isClosing) {
          await this.#beat.sleep(this.cluster.settings.heartbeatMs);
          if (!this.#mustJoin && !this.#isClosing) await this.#heartbeat(link);
        }
      } catch (reason) {
        if (this.#isClosing) return;
        await this.#failed(reason);
      }
    }
  }

  async #join(link: BrokerLink): Promise<void> {
    this.#mustJoin = false;
    this.#generation = undefined;
    this.#joiningSinceMs = this.#nowMs();
    try {
      const generation = await this.session.join(link, this.#owned());
      this.#generation = generation;
      this.#lastContactMs = this.#nowMs();
      void this.#apply(generation);
    } catch (reason) {
      this.#mustJoin = true;
      throw reason;
    } finally {
      this.#joiningSinceMs = undefined;
    }
  }

  async #heartbeat(link: BrokerLink): Promise<void> {
    try {
      await this.session.heartbeat(link);
      this.#lastContactMs = this.#nowMs();
      this.#pause.reset();
      if (this.#trouble !== undefined && this.#generation !== undefined) this.#trouble = undefined;
    } catch (reason) {
      if (!(reason instanceof BrokerSaid && reason.is('REBALANCE_IN_PROGRESS'))) throw reason;
      this.#lastContactMs = this.#nowMs();
      this.#mustJoin = true;
    }
    if (
      this.#generation?.isLeader === true &&
      this.#nowMs() - this.#lastGrowthCheckMs > this.cluster.settings.metadataMaxAgeMs
    ) {
      await this.#lookForGrowth();
    }
  }

  async #failed(reason: unknown): Promise<void> {
    this.#trouble = asError(reason).message;
    const isLapsed = this.#nowMs() - this.#lastContactMs > this.cluster.settings.sessionTimeoutMs;
    if (isFenced(reason) || (isLapsed && this.#generation !== undefined)) {
      this.reader.revokeAll();
      this.#generation = undefined;
      this.#mustJoin = true;
      if (isFenced(reason)) this.session.forget();
    }
    if (!(reason instanceof BrokerSaid) || isRetriable(reason.errorCode)) {
      this.#coordinatorId = -1;
      await this.#drop();
    }
    if (!this.#isClosing) await this.#pause.pause();
  }

  /** Reads what was given, lets go of what was taken. Repeats what fails until it is done or a later generation is there. */
  async #apply(generation: Generation): Promise<void> {
    const isCurrent = (): boolean => this.#generation === generation && !this.#isClosing;
    const assigned = new Set(generation.assigned.map(nameOfPartition));
    const lost = this.#owned().filter((partition) => !assigned.has(nameOfPartition(partition)));
    const released = this.#release(lost);
    // Taken away in an earlier rebalance and given back in this one, before it was let go of.
    const returning = [...assigned].flatMap((name) => this.#releasing.get(name) ?? []);
    await this.#addPatiently(generation, isCurrent);
    if (isCurrent()) {
      this.#trouble = undefined;
      this.#isReady();
    }
    if (returning.length > 0) {
      await Promise.all(returning);
      await this.#addPatiently(generation, isCurrent);
    }
    await released;
    if (lost.length === 0 || !isCurrent()) return;
    this.#mustJoin = true; // Now others may have what was let go.
    this.#beat.wake();
  }

  async #addPatiently(generation: Generation, isCurrent: () => boolean): Promise<void> {
    const pause = new Backoff(this.cluster.clock);
    while (isCurrent()) {
      try {
        await this.#add(generation, isCurrent);
        return;
      } catch (reason) {
        this.#trouble = asError(reason).message;
        await this.cluster.refresh(generation.assigned.map(({ topic }) => topic)).catch(() => {});
        await pause.pause();
      }
    }
  }

  async #add(generation: Generation, isCurrent: () => boolean): Promise<void> {
    const added = generation.assigned.filter((partition) => !this.reader.has(partition));
    if (added.length === 0) return;
    const link = await this.cluster.link(this.#coordinatorId, 'control');
    const committed = await this.session.committed(link, added);
    const fresh = added.filter((_, index) => committed[index]! < 0);
    const offsets = await offsetsAt(this.cluster, fresh, this.from === 'earliest' ? 'start' : 'end');
    const starts = new Map(fresh.map((partition, index) => [nameOfPartition(partition), offsets[index]!]));
    if (this.from === 'latest' && fresh.length > 0) {
      // From now on the group has read nothing but what is written later, whoever reads the partition then.
      await this.session.commit(
        link,
        fresh.map((partition, index) => ({ ...partition, position: offsets[index]! })),
      );
    }
    if (!isCurrent()) return;
    added.forEach((partition, index) => {
      const name = nameOfPartition(partition);
      const offset = starts.get(name) ?? committed[index]!;
      this.#committed.set(name, offset);
      this.reader.add(partition, offset);
    });
  }

  async #release(lost: readonly TopicPartition[]): Promise<void> {
    await Promise.all(
      lost.map((partition) => {
        const name = nameOfPartition(partition);
        const under =
          this.#releasing.get(name) ?? this.#releaseOne(partition).finally(() => this.#releasing.delete(name));
        this.#releasing.set(name, under);
        return under;
      }),
    );
  }

  async #releaseOne(partition: TopicPartition): Promise<void> {
    const position = await this.reader.release(partition, this.cluster.settings.revokeDeadlineMs);
    const name = nameOfPartition(partition);
    const before = this.#committed.get(name) ?? -1;
    this.#committed.delete(name);
    if (position === undefined || position <= before) return;
    await this.#send([{ ...partition, position }]).catch(() => {}); // Not known to be committed: another handles it again.
  }

  async #commitMoved(): Promise<void> {
    const moved: Position[] = [];
    for (const position of this.reader.positions()) {
      if (position.position > (this.#committed.get(nameOfPartition(position)) ?? -1)) moved.push(position);
    }
    if (moved.length === 0) return;
    if (this.#coordinatorId < 0) return this.moved();
    try {
      await this.#send(moved);
      for (const position of moved) this.#committed.set(nameOfPartition(position), position.position);
      this.#commitTrouble = undefined;
    } catch (reason) {
      const isPassing = reason instanceof BrokerSaid && (reason.is('REBALANCE_IN_PROGRESS') || isFenced(reason));
      if (!isPassing) this.#commitTrouble = asError(reason).message;
      this.#beat.wake();
      this.moved();
    }
  }

  async #send(positions: readonly Position[]): Promise<void> {
    if (positions.length === 0) return;
    await this.session.commit(await this.cluster.link(this.#coordinatorId, 'control'), positions);
  }

  async #lookForGrowth(): Promise<void> {
    this.#lastGrowthCheckMs = this.#nowMs();
    const { topics } = this.session;
    const sizes = topics.map((topic) => this.cluster.topic(topic)?.leaders.length);
    await this.cluster.refresh(topics).catch(() => {});
    if (topics.some((topic, index) => this.cluster.topic(topic)?.leaders.length !== sizes[index]))
      this.#mustJoin = true;
  }

  #owned(): TopicPartition[] {
    return [...this.reader.positions()].map(({ topic, partition }) => ({ topic, partition }));
  }

  async #coordinator(): Promise<BrokerLink> {
    if (this.#link?.isOpen === true && this.#coordinatorId >= 0) return this.#link;
    await this.#drop();
    const { settings } = this.cluster;
    this.#coordinatorId = await this.cluster.coordinatorOf(this.session.group);
    this.#link = await this.cluster.privateLink(this.#coordinatorId, settings.rebalanceTimeoutMs);
    return this.#link;
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await this.cluster.release(link);
  }

  #nowMs(): number {
    return this.cluster.clock.monotonicMs();
  }
}

import { asError } from '@trunkline/kernel';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { Commits } from './commits.js';
import { CommittedOffsets } from './committed-offsets.js';
import { type GroupOptions, type GroupSettings, groupSettings } from './group-options.js';
import { GroupTopics } from './group-topics.js';
import type { MemberIdentity, MemberState } from './membership.js';
import { type Machine, type Shell, classicParts, consumerParts } from './member-parts.js';
import type { MembershipOwner } from './membership-shell.js';
import type { CommitStanding, CommittedOffset, GroupOffset } from './offsets.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

/** What a member calls when what it may read changes. Never two at once from one turn; none after `close` has resolved. */
export interface GroupListener {
  /** Read these from now on, from where {@link GroupMember.committed} says. May be called while an earlier onRevoked runs. */
  onAssigned(partitions: readonly TopicPartition[]): void | Promise<void>;
  /**
   * Finish and commit these, then resolve: only then others get them. Waited for `revokeTimeoutMs`, then taken for done.
   * The member stays one meanwhile, and `commit` works.
   */
  onRevoked(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These are, or soon will be, read by others: stop; no commit of them is taken any more. */
  onLost(partitions: readonly TopicPartition[]): void;
  /** It is a member no more, for good. */
  onFailed?(error: KafkaError): void;
}

/** Goes with transactional offset commits (KIP-447). */
export interface GroupMetadata extends MemberIdentity {
  readonly groupId: string;
}

/**
 * A member of a consumer group, of either protocol: joins at once, stays a member by itself, and tells its listener what
 * to read. It reads nothing itself.
 *
 * Not promised: that a handler which outlives `revokeTimeoutMs` or a lost session is alone with its partition.
 */
export class GroupMember {
  /** Resolves when it was given its first assignment, which may be empty. Rejects when it fails or closes before. */
  readonly ready: Promise<void>;
  readonly #settings: GroupSettings;
  readonly #topics: GroupTopics;
  readonly #machine: Machine;
  readonly #shell: Shell;
  readonly #commits: Commits;
  readonly #committed: CommittedOffsets;
  #standing: (CommitStanding & { readonly generation: number }) | undefined;
  #isReady: () => void = () => {};
  #isNotReady: (error: KafkaError) => void = () => {};
  #callbackTrouble: string | undefined;
  #closing: Promise<void> | undefined;
  #ended: () => void = () => {};
  #unstableSinceMs: number | undefined;

  constructor(
    private readonly cluster: Cluster,
    options: GroupOptions,
    private readonly listener: GroupListener,
  ) {
    this.#settings = groupSettings(options);
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isNotReady = reject;
    });
    this.ready.catch(() => {}); // Nobody has to listen.
    this.#topics = new GroupTopics(cluster, this.#settings, (reason) => this.#changed(reason));
    const owner: MembershipOwner = {
      assigned: (partitions, isRound) => this.#assigned(partitions, isRound),
      revoke: (partitions) => this.#revoke(partitions),
      lost: (partitions) => {
        this.#commits.lost(partitions);
        void this.#call('onLost', () => this.listener.onLost(partitions));
      },
      ended: (error) => this.#over(error),
      stepped: () => this.#stepped(),
    };
    const make = this.#settings.protocol === 'consumer' ? consumerParts : classicParts;
    const { machine, shell } = make(cluster, this.#settings, this.#topics, owner);
    this.#machine = machine;
    this.#shell = shell;
    this.#commits = new Commits(
      cluster,
      this.#settings,
      () => this.#standingNow(),
      (generation, error) => this.#shell.step({ kind: 'fenced', nowMs: this.#nowMs(), generation, error }),
    );
    const inWhoseName = () => (this.#settings.protocol === 'consumer' ? this.#standingNow() : undefined);
    this.#committed = new CommittedOffsets(cluster, this.#settings, inWhoseName);
    void this.#start();
  }

  get groupId(): string {
    return this.#settings.groupId;
  }

  get state(): MemberState {
    return this.#machine.state;
  }

  /** What it holds now, what is being let go of included. */
  get assigned(): readonly TopicPartition[] {
    return this.#machine.held;
  }

  get generation(): GroupMetadata {
    return { groupId: this.#settings.groupId, ...this.#machine.identity };
  }

  /** Why it is not a member in good standing, in words; undefined when it is. */
  get trouble(): string | undefined {
    const { trouble } = this.#machine;
    if (trouble !== undefined) return trouble.message;
    const unstableMs = this.#unstableSinceMs === undefined ? 0 : this.#nowMs() - this.#unstableSinceMs;
    if (unstableMs > this.#settings.sessionTimeoutMs && this.#machine.held.length === 0) {
      return `group ${this.groupId} has been rebalancing for ${Math.round(unstableMs / 1_000)} s`;
    }
    return this.#callbackTrouble;
  }

  /**
   * Commits. Resolves when these, or later words for the same partitions, are committed. Tries again for
   * `commitTimeoutMs`, through rebalances and moves of the coordinator; a later commit is never overtaken by an earlier one.
   *
   * Rejects with ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH or FENCED_INSTANCE_ID when the partitions are
   * others' by now, also inside of an onRevoked that has run over its time; with OFFSET_METADATA_TOO_LARGE, authorization errors, TIMED_OUT (it may have been made), MISUSE, CLOSED.
   */
  commit(offsets: readonly GroupOffset[]): Promise<void> {
    return this.#commits.commit(offsets);
  }

  /** What the group has committed, in the order asked for; undefined where nothing is. */
  committed(partitions: readonly TopicPartition[]): Promise<(CommittedOffset | undefined)[]> {
    return this.#committed.committed(partitions);
  }

  /** Asks the group to share anew. Not needed for growth of topics: that is watched. */
  rejoin(reason: string): void {
    this.#changed(reason);
  }

  /**
   * Lets go of everything (`onRevoked`), finishes commits, leaves the group (static members stay, until their session
   * ends), and ends, all within `deadlineMs`. Never rejects.
   */
  close(deadlineMs = 30_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #start(): Promise<void> {
    this.#unstableSinceMs = this.#nowMs();
    while (this.#closing === undefined) {
      try {
        await this.#topics.open();
        break;
      } catch (reason) {
        this.#callbackTrouble = asError(reason).message;
        await new Promise<void>((resolve) => this.cluster.after(this.#settings.retryBackoffMaxMs, resolve));
      }
    }
    this.#callbackTrouble = undefined;
    if (this.#closing === undefined) this.#shell.step({ kind: 'start', nowMs: this.#nowMs() });
  }

  async #close(deadlineMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#ended = resolve));
    const timer = this.cluster.after(deadlineMs, () => {
      this.#shell.abandon();
      this.#ended();
    });
    if (this.state === 'failed' || this.state === 'closed') this.#ended();
    else this.#shell.step({ kind: 'close', nowMs: this.#nowMs() });
    await ended;
    timer.cancel();
    this.#commits.close();
    this.#committed.close();
    this.#topics.close();
    this.#isNotReady(this.#closedError());
  }

  #assigned(partitions: readonly TopicPartition[], isRound: boolean): void {
    if (partitions.length > 0) {
      this.#commits.given(partitions);
      void this.#call('onAssigned', () => this.listener.onAssigned(partitions));
    }
    if (!isRound) return;
    const { memberId, generation } = this.#machine.identity;
    this.cluster.observer.rebalanced?.(this.groupId, memberId, generation, this.#machine.held.length);
    this.#isReady();
  }

  /** What was committed inside of onRevoked, but not awaited there, goes first. */
  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    const { revokeTimeoutMs, groupId } = this.#settings;
    await new Promise<void>((resolve) => {
      const timer = this.cluster.after(revokeTimeoutMs, () => {
        this.cluster.ports.logger.warn('partitions were not let go of in time', { group: groupId, revokeTimeoutMs });
        resolve();
      });
      void this.#call('onRevoked', () => this.listener.onRevoked(partitions))
        .then(() => this.#commits.idle())
        .then(() => {
          timer.cancel();
          resolve();
        });
    });
    // Not by the handler that ends late: they may be this member's again by then.
    this.#commits.lost(partitions);
  }

  /** A listener that throws does not end the membership: its trouble is told. */
  async #call(name: string, run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } catch (reason) {
      this.#callbackTrouble = `${name} failed: ${asError(reason).message}`;
      this.cluster.ports.logger.error(`a group's ${name} failed`, {
        group: this.groupId,
        reason: asError(reason).message,
      });
    }
  }

  #over(error: KafkaError | undefined): void {
    this.#isNotReady(error ?? this.#closedError());
    if (error !== undefined) {
      this.#commits.close();
      this.#topics.close();
      void this.#call('onFailed', () => this.listener.onFailed?.(error));
    }
    this.#ended();
  }

  #stepped(): void {
    this.#standing = undefined;
    const { state } = this.#machine;
    if (state === 'stable') this.#unstableSinceMs = undefined;
    else this.#unstableSinceMs ??= this.#nowMs();
    if (state === 'stable' && !this.#machine.isLeader) this.#topics.follow();
    this.#commits.pump();
  }

  #changed(reason: string): void {
    this.#shell.step({ kind: 'changed', nowMs: this.#nowMs(), reason });
  }

  #standingNow(): CommitStanding {
    if (this.#standing === undefined) {
      const held = new Set(this.#machine.held.map(nameOfPartition));
      this.#standing = {
        ...this.#machine.identity,
        isStable: this.#machine.state === 'stable',
        holds: (partition) => held.has(nameOfPartition(partition)),
      };
    }
    return this.#standing;
  }

  #closedError(): KafkaError {
    return new KafkaError('CLOSED', 'the member has left its group', { about: `group ${this.groupId}` });
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }
}

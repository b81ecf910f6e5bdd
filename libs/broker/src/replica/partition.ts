import { ApiError, type Epoch, type NodeId, type Offset, type Uuid } from '@trunkline/kernel';
import type { AppendInfo, Log, LogRead } from '@trunkline/log';
import type { TopicConfig } from '@trunkline/metadata';
import { type ProduceRules, RecordBatch } from '@trunkline/records';
import { Commitment, type WaitsFor } from './commitment.js';
import { deletionStart } from './deletion.js';
import { FollowerRole } from './follower-role.js';
import { effectiveMinIsr, type FollowerFetch, lastStableOffset } from './isr.js';
import { type IsrOutcome, type IsrProposal, LeaderReplication } from './leader-replication.js';
import type {
  PartitionParts,
  PartitionState,
  PartitionWatcher,
  Proposing,
  ReplicationWorld,
} from './partition-parts.js';
import { produceRules } from './produce-rules.js';
import type { CommitWaiter } from './uncommitted.js';

/** The leader epoch a client left out. */
export const NO_EPOCH = -1;

const NOTHING: LogRead = { chunks: [], sizeBytes: 0, nextOffset: 0 as Offset };

/**
 * A replica of a partition on this node: its log, its watermarks, and who waits for them.
 *
 * Everything here happens in the caller's turn of the event loop. When the log says that an append is durable, or a
 * follower's fetch that it has got so far, the high watermark moves, produces below it are completed in the order of
 * their offsets, and watchers are told, before the call returns: so an append in flush mode `os` and the fetches parked
 * on it are answered in one turn.
 *
 * A leader without followers does no arithmetic: the watermark is what its log has durable. With followers it is
 * `LeaderReplication` that says it; a follower has it from its leader, as far as its own log is durable.
 *
 * As long as no transaction can be open, the last stable offset is the watermark.
 */
export class Partition implements Proposing {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly log: Log;
  readonly #world: ReplicationWorld;
  readonly #commitment: Commitment;
  readonly #watchers = new Set<PartitionWatcher>();
  /** Followers' fetches: they read up to the log's end. */
  readonly #followerWatchers = new Set<PartitionWatcher>();
  #config: TopicConfig;
  #rules: ProduceRules;
  #state: PartitionState;
  /** False while a new reign is being written down: nobody is served meanwhile. */
  #serves = false;
  #replication: LeaderReplication | undefined;
  #follower: FollowerRole | undefined;
  #epochStart: Offset;
  #ended: ApiError | undefined;

  private constructor(parts: PartitionParts, state: PartitionState) {
    const { log } = parts;
    this.topic = parts.topic;
    this.topicId = parts.topicId;
    this.index = parts.index;
    this.log = log;
    this.#world = parts.world;
    this.#config = parts.config;
    this.#rules = produceRules(parts.config);
    this.#state = state;
    this.#epochStart = log.endOffset;
    const known = state.replicas.length === 1 ? log.durableEnd : (parts.knownWatermark ?? log.startOffset);
    this.#commitment = new Commitment(this.name, log, known, {
      moved: () => this.#tell(),
      isRead: () => this.#watchers.size > 0,
    });
    log.onDurable = (end) => this.#reached(end);
    log.replicatedEnd = () => this.highWatermark;
    log.onFailed = (reason) => {
      this.#end(new ApiError('KAFKA_STORAGE_ERROR', `the log of ${this.name} failed`, { cause: reason }));
    };
  }

  /** Takes a log into service. A leader's reign is on disk before the promise resolves (KAFKA-7415). */
  static async open(parts: PartitionParts, state: PartitionState): Promise<Partition> {
    const partition = new Partition(parts, state);
    await partition.#begin();
    return partition;
  }

  get name(): string {
    return `${this.topic}-${this.index}`;
  }
  /** What is in force for the topic. */
  get config(): TopicConfig {
    return this.#config;
  }
  /** What producers' batches are judged by. */
  get rules(): ProduceRules {
    return this.#rules;
  }
  get leaderEpoch(): Epoch {
    return this.#state.leaderEpoch;
  }
  get isReplicated(): boolean {
    return this.#state.replicas.length > 1;
  }
  get leader(): NodeId {
    return this.#state.leader;
  }
  get isLeader(): boolean {
    return this.#state.leader === this.#world.nodeId;
  }
  get isr(): readonly NodeId[] {
    return this.#replication?.isr ?? this.#state.isr;
  }
  /** Of a leader with followers; undefined: it has none, or does not lead. */
  get replication(): LeaderReplication | undefined {
    return this.#replication;
  }
  /** How it follows; undefined: it leads, or nobody does. Another one in each reign. */
  get follower(): FollowerRole | undefined {
    return this.#follower;
  }
  /** Below it every in-sync replica has everything: what consumers may see. */
  get highWatermark(): Offset {
    return Math.max(this.#commitment.highWatermark, this.log.startOffset) as Offset; // What is deleted was committed.
  }
  /** Below it no transaction is open: what `read_committed` may see. */
  get lastStableOffset(): Offset {
    return lastStableOffset(this.highWatermark, undefined);
  }
  /** Where this leader's reign began in the log. */
  get epochStartOffset(): Offset {
    return this.#epochStart;
  }
  /** Bytes that have come below the high watermark since the log was opened; only rises. */
  get committedBytes(): number {
    return this.#commitment.committedBytes;
  }
  /** Why it serves nobody any more: its log failed, or it was deleted. */
  get ended(): ApiError | undefined {
    return this.#ended;
  }

  /**
   * Refuses a request that this replica must not answer. Throws ApiError: KAFKA_STORAGE_ERROR, FENCED_LEADER_EPOCH,
   * UNKNOWN_LEADER_EPOCH (KIP-320), NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION after its deletion.
   */
  mustLead(currentLeaderEpoch: number = NO_EPOCH): void {
    this.mustServe(currentLeaderEpoch);
    if (!this.isLeader) throw new ApiError('NOT_LEADER_OR_FOLLOWER', `this node does not lead ${this.name}`);
  }

  /** As {@link mustLead}, but a follower may serve it. */
  mustServe(currentLeaderEpoch: number = NO_EPOCH): void {
    if (this.#ended !== undefined) throw this.#ended;
    const { leaderEpoch } = this.#state;
    if (currentLeaderEpoch !== NO_EPOCH && currentLeaderEpoch !== leaderEpoch) {
      const code = currentLeaderEpoch < leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
      throw new ApiError(code, `${this.name} is in leader epoch ${leaderEpoch}, not ${currentLeaderEpoch}`);
    }
    if (!this.#serves) throw new ApiError('NOT_LEADER_OR_FOLLOWER', `${this.name} changes hands`);
  }

  /** Refuses `acks=all` when too few replicas are in sync. Throws ApiError NOT_ENOUGH_REPLICAS. */
  mustHaveMinIsr(): void {
    const present = this.#replication?.isrCount ?? this.#state.isr.length;
    const needed = effectiveMinIsr(this.#config.minInSyncReplicas, this.#state.replicas.length);
    if (present >= needed) return;
    throw new ApiError('NOT_ENOUGH_REPLICAS', `${this.name} has ${present} of ${needed} replicas in sync`);
  }

  /**
   * Appends a validated batch, whose bytes belong to the log from here on. `waiter` hears when it is below the high
   * watermark, or durable on this node's disk: later, or inside this call for a duplicate that was. Throws what
   * {@link mustLead} and the log throw.
   */
  append(batch: RecordBatch, waiter: CommitWaiter | undefined, waitsFor: WaitsFor = 'commit'): AppendInfo {
    this.mustLead();
    const appended = this.log.appendAsLeader(batch, this.#state.leaderEpoch);
    const nextOffset = (appended.lastOffset + 1) as Offset;
    const until = this.#replication === undefined ? 'commit' : waitsFor;
    if (!appended.duplicate) this.#commitment.appended(nextOffset, batch.sizeBytes, waiter, until);
    else if (waiter !== undefined) this.#commitment.await(nextOffset, waiter, until);
    return appended;
  }

  /**
   * Appends a batch of our own (a coordinator's). `whenCommitted` is called once: without an error when it is below the
   * high watermark, with one when it will not come there. Throws as {@link append} does.
   */
  appendInternal(bytes: Uint8Array, whenCommitted: (error?: Error) => void): AppendInfo {
    const waiter = { committed: () => whenCommitted(), failed: whenCommitted, isPatient: true };
    return this.append(RecordBatch.parse(bytes), waiter);
  }

  /**
   * A follower fetched from where its log and this one agree. Throws what {@link mustLead} throws, and ApiError
   * NOT_LEADER_OR_FOLLOWER when it has no replica as far as this node knows, or its broker has started anew since.
   */
  followerFetched(position: FollowerFetch): void {
    this.mustLead();
    const replication = this.#replication;
    const follower = replication?.follower(position.replica);
    if (replication === undefined || follower === undefined || follower.isStale(position.brokerEpoch)) {
      throw new ApiError(
        'NOT_LEADER_OR_FOLLOWER',
        `node ${position.replica} follows ${this.name} as nobody this node knows`,
      );
    }
    const { startOffset } = follower;
    replication.fetched(position, this.#world.monotonicMs());
    this.#recount(replication);
    if (follower.startOffset !== startOffset) this.#tellAll(this.#followerWatchers);
  }

  /** Time passed, or brokers came or went. */
  tick(): void {
    if (this.#replication === undefined || !this.#serves || this.#ended !== undefined) return;
    this.#replication.tick(this.#world.monotonicMs());
    this.#recount(this.#replication);
  }

  /** What the controller is to be asked; {@link settleProposal} once it has answered. */
  takeProposal(): IsrProposal | undefined {
    return this.#replication?.takeProposal();
  }

  settleProposal(proposal: IsrProposal, outcome: IsrOutcome): void {
    const replication = this.#replication;
    if (replication?.leaderEpoch !== proposal.leaderEpoch || this.#ended !== undefined) return;
    replication.settle(proposal, outcome, this.#world.monotonicMs());
    this.#recount(replication);
  }

  /**
   * Whole batches from the one that holds `from` up to `until`. At or beyond `until`: nothing, which is no error as
   * long as the log has that offset. Throws ApiError OFFSET_OUT_OF_RANGE.
   */
  read(from: Offset, until: Offset, bytesMax: number, atLeastOne: boolean): LogRead | Promise<LogRead> {
    this.mustHold(from);
    return from >= until ? NOTHING : this.log.read(from, until, bytesMax, atLeastOne);
  }

  /** Refuses an offset that the log has not. Throws ApiError OFFSET_OUT_OF_RANGE. */
  mustHold(at: Offset): void {
    const { startOffset, endOffset } = this.log;
    if (at >= startOffset && at <= endOffset) return;
    throw new ApiError('OFFSET_OUT_OF_RANGE', `${this.name} holds offsets ${startOffset} to ${endOffset}, not ${at}`);
  }

  /**
   * Moves the log's start up to `before` (-1: the high watermark), and resolves with where it stands then. Behind the
   * start already: nothing happens. Throws OFFSET_OUT_OF_RANGE above the high watermark, POLICY_VIOLATION when the topic
   * is compacted only, and what {@link mustLead} throws.
   */
  async deleteRecords(before: Offset): Promise<Offset> {
    this.mustLead();
    const start = deletionStart(this, before);
    if (start > this.log.startOffset) await this.log.advanceStartOffset(start);
    this.#tellAll(this.#followerWatchers);
    return this.log.startOffset;
  }

  /** Below it no in-sync replica has anything any more; -1 while one has not said. */
  get lowWatermark(): Offset {
    return this.#replication?.lowWatermark(this.log.startOffset) ?? this.log.startOffset;
  }

  /** Tells `watcher` from now on, until {@link unwatch}. `asFollower`: also of what is above the watermark. */
  watch(watcher: PartitionWatcher, asFollower = false): void {
    (asFollower ? this.#followerWatchers : this.#watchers).add(watcher);
  }

  unwatch(watcher: PartitionWatcher): void {
    this.#watchers.delete(watcher);
    this.#followerWatchers.delete(watcher);
  }

  /**
   * Takes over what newer metadata says; an older leader or partition epoch is none (KAFKA-13790). A new reign is on disk
   * before the promise resolves (KAFKA-7415); until then nobody is served. Not to be called before the last call resolved.
   */
  async become(state: PartitionState): Promise<void> {
    const before = this.#state;
    const isSame = state.leaderEpoch === before.leaderEpoch && state.leader === before.leader;
    if (state.leaderEpoch < before.leaderEpoch || (isSame && state.partitionEpoch <= before.partitionEpoch)) return;
    this.#state = state;
    if (isSame) return this.#changeReplicas(state);
    this.#serves = false;
    const wasFollower = this.#follower;
    this.#follower = undefined;
    this.#replication = undefined;
    if (!this.isLeader) {
      this.#commitment.fail(new ApiError('NOT_LEADER_OR_FOLLOWER', `this node leads ${this.name} no more`));
    }
    await wasFollower?.end();
    await this.#begin();
    this.#tell();
  }

  /** Other settings hold from the next request on. */
  reconfigure(config: TopicConfig): void {
    this.#config = config;
    this.#rules = produceRules(config);
    this.log.reconfigure(config);
    this.#replication?.require(config.minInSyncReplicas, this.#world.monotonicMs());
    if (this.#replication !== undefined) this.#recount(this.#replication);
  }

  /** The broker stops: all who wait here are answered. */
  close(): void {
    this.#end(new ApiError('NOT_LEADER_OR_FOLLOWER', `the broker stops; ${this.name} is served no more`));
  }

  /** The replica is this node's no more. Resolves when nothing touches its log any more. */
  async leave(): Promise<void> {
    this.#end(new ApiError('NOT_LEADER_OR_FOLLOWER', `this node holds ${this.name} no more`));
    await this.#follower?.end();
  }

  /** The topic is gone: all who wait here are told so, at once. */
  delete(): void {
    this.#end(new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `${this.name} was deleted`));
  }

  /** Begins the role that the state gives to this node. */
  async #begin(): Promise<void> {
    const { leaderEpoch, leader } = this.#state;
    if (this.isLeader) {
      this.#epochStart = this.log.endOffset;
      await this.log.beginEpoch(leaderEpoch, this.#epochStart);
      this.#lead();
    } else if (leader >= 0) {
      this.#commitment.forget();
      this.#follower = new FollowerRole(this.#commitment, leader, leaderEpoch);
    }
    this.#serves = true;
  }

  /** With followers there are sums to do. */
  #lead(): void {
    if (this.#state.replicas.length === 1) return this.#commitment.alone();
    this.#replication = new LeaderReplication(this.#world, this.#state, {
      epochStart: this.#epochStart,
      highWatermark: this.highWatermark,
      ownEnd: this.log.durableEnd,
      minIsr: this.#config.minInSyncReplicas,
      nowMs: this.#world.monotonicMs(),
    });
    this.#recount(this.#replication);
  }

  /** The same reign with other replicas, or others in sync. */
  #changeReplicas(state: PartitionState): void {
    if (!this.isLeader) return;
    const isAlone = state.replicas.length === 1;
    if (this.#replication === undefined || isAlone) {
      this.#replication = undefined;
      if (isAlone) this.#commitment.flushed(this.log.durableEnd);
      return this.#lead();
    }
    this.#replication.become(state, this.#world.monotonicMs());
    this.#recount(this.#replication);
  }

  /** The log is durable up to here. */
  #reached(end: Offset): void {
    const replication = this.#replication;
    if (replication !== undefined) {
      this.#commitment.flushed(end);
      replication.reached(end, this.#world.monotonicMs());
      this.#recount(replication);
      this.#tellAll(this.#followerWatchers);
    } else if (!this.isLeader) this.#commitment.followed();
    else if (this.#state.replicas.length === 1) this.#commitment.alone();
  }

  /** The sums have changed. */
  #recount(replication: LeaderReplication): void {
    if (replication.isUnderMinIsr) this.#commitment.release();
    this.#commitment.advance(replication.highWatermark);
    if (replication.hasProposal) this.#world.hasProposal(this);
  }

  #end(reason: ApiError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    void this.#follower?.end();
    this.#commitment.fail(reason);
    this.#tell();
  }

  #tell(): void {
    this.#tellAll(this.#watchers);
    this.#tellAll(this.#followerWatchers);
  }

  #tellAll(watchers: ReadonlySet<PartitionWatcher>): void {
    for (const watcher of watchers) watcher.moved();
  }
}

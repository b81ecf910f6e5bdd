import { ApiError, type Epoch, type Offset, type Uuid } from '@trunkline/kernel';
import type { AppendInfo, Log, LogRead } from '@trunkline/log';
import type { TopicConfig } from '@trunkline/metadata';
import { type ProduceRules, RecordBatch } from '@trunkline/records';
import { effectiveMinIsr, highWatermark, lastStableOffset, type ReplicaState } from './isr.js';
import { produceRules } from './produce-rules.js';
import { type CommitWaiter, UncommittedAppends } from './uncommitted.js';

/** Whoever waits until a partition has something to say: a watermark moved, it failed, it changed hands, it is gone. */
export interface PartitionWatcher {
  moved(partition: Partition): void;
}

/** What the metadata says of a partition. */
export interface PartitionState {
  readonly leaderEpoch: Epoch;
  readonly isLeader: boolean;
  readonly replicaCount: number;
  readonly isrCount: number;
}

/** What a partition is made of. */
export interface PartitionParts {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly log: Log;
  readonly config: TopicConfig;
}

/** The leader epoch a client left out. */
export const NO_EPOCH = -1;

/** What DeleteRecords says for the high watermark. */
const WATERMARK = -1;

const NOTHING: LogRead = { chunks: [], sizeBytes: 0, nextOffset: 0 as Offset };

/**
 * A replica of a partition on this node: its log, its watermarks, and who waits for them.
 *
 * Everything here happens in the caller's turn of the event loop. When the log says that an append is durable, the high
 * watermark moves, produces below it are completed in the order of their offsets, and watchers are told, before the
 * log's call returns: so an append in flush mode `os` and the fetches parked on it are answered in one turn.
 *
 * As long as no transaction can be open (transactional batches are refused), the last stable offset is the watermark.
 */
export class Partition {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly log: Log;
  readonly #uncommitted = new UncommittedAppends();
  readonly #watchers = new Set<PartitionWatcher>();
  readonly #followers: readonly ReplicaState[] = [];
  #config: TopicConfig;
  #rules: ProduceRules;
  #state: PartitionState;
  #epochStart: Offset;
  #highWatermark: Offset;
  #ended: ApiError | undefined;

  private constructor(parts: PartitionParts, state: PartitionState) {
    const { log } = parts;
    this.topic = parts.topic;
    this.topicId = parts.topicId;
    this.index = parts.index;
    this.log = log;
    this.#config = parts.config;
    this.#rules = produceRules(parts.config);
    this.#state = state;
    this.#epochStart = log.endOffset;
    this.#highWatermark = highWatermark(log.startOffset, log.durableEnd, this.#followers);
    log.onDurable = (end) => this.#advance(highWatermark(this.#highWatermark, end, this.#followers));
    log.onFailed = (reason) => {
      this.#end(new ApiError('KAFKA_STORAGE_ERROR', `the log of ${this.name} failed`, { cause: reason }));
    };
  }

  /** Takes a log into service. A leader's reign is on disk before the promise resolves (KAFKA-7415). */
  static async open(parts: PartitionParts, state: PartitionState): Promise<Partition> {
    const partition = new Partition(parts, state);
    if (state.isLeader) await parts.log.beginEpoch(state.leaderEpoch, partition.#epochStart);
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
  get isLeader(): boolean {
    return this.#state.isLeader;
  }
  /** Below it every in-sync replica has everything: what consumers may see. */
  get highWatermark(): Offset {
    return this.#highWatermark;
  }
  /** Below it no transaction is open: what `read_committed` may see. */
  get lastStableOffset(): Offset {
    return lastStableOffset(this.#highWatermark, undefined);
  }
  /** Where this leader's reign began in the log. */
  get epochStartOffset(): Offset {
    return this.#epochStart;
  }
  /** Bytes that have come below the high watermark since the log was opened; only rises. */
  get committedBytes(): number {
    return this.#uncommitted.committedBytes;
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
    if (this.#ended !== undefined) throw this.#ended;
    const { leaderEpoch, isLeader } = this.#state;
    if (currentLeaderEpoch !== NO_EPOCH && currentLeaderEpoch !== leaderEpoch) {
      const code = currentLeaderEpoch < leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
      throw new ApiError(code, `${this.name} is in leader epoch ${leaderEpoch}, not ${currentLeaderEpoch}`);
    }
    if (!isLeader) throw new ApiError('NOT_LEADER_OR_FOLLOWER', `this node does not lead ${this.name}`);
  }

  /** Refuses `acks=all` when too few replicas are in sync. Throws ApiError NOT_ENOUGH_REPLICAS. */
  mustHaveMinIsr(): void {
    const { isrCount, replicaCount } = this.#state;
    const needed = effectiveMinIsr(this.#config.minInSyncReplicas, replicaCount);
    if (isrCount < needed) {
      throw new ApiError('NOT_ENOUGH_REPLICAS', `${this.name} has ${isrCount} of ${needed} replicas in sync`);
    }
  }

  /**
   * Appends a validated batch, whose bytes belong to the log from here on. `waiter` hears when it is below the high
   * watermark: later, or inside this call for a duplicate that was. Throws what {@link mustLead} and the log throw.
   */
  append(batch: RecordBatch, waiter: CommitWaiter | undefined): AppendInfo {
    this.mustLead();
    const appended = this.log.appendAsLeader(batch, this.#state.leaderEpoch);
    const nextOffset = (appended.lastOffset + 1) as Offset;
    if (!appended.duplicate) this.#uncommitted.add(nextOffset, batch.sizeBytes, waiter);
    else if (waiter !== undefined) {
      if (nextOffset <= this.#highWatermark) waiter.committed();
      else this.#uncommitted.addWaiter(nextOffset, waiter);
    }
    return appended;
  }

  /**
   * Appends a batch of our own (a coordinator's). `whenCommitted` is called once: without an error when it is below the
   * high watermark, with one when it will not come there. Throws as {@link append} does.
   */
  appendInternal(bytes: Uint8Array, whenCommitted: (error?: Error) => void): AppendInfo {
    return this.append(RecordBatch.parse(bytes), { committed: () => whenCommitted(), failed: whenCommitted });
  }

  /**
   * Whole batches from the one that holds `from` up to `until`. At or beyond `until`: nothing, which is no error as
   * long as the log has that offset. Throws ApiError OFFSET_OUT_OF_RANGE.
   */
  read(from: Offset, until: Offset, bytesMax: number, atLeastOne: boolean): LogRead | Promise<LogRead> {
    if (from < this.log.startOffset || from > this.log.endOffset) {
      const range = `${this.log.startOffset} to ${this.log.endOffset}`;
      throw new ApiError('OFFSET_OUT_OF_RANGE', `${this.name} holds offsets ${range}, not ${from}`);
    }
    return from >= until ? NOTHING : this.log.read(from, until, bytesMax, atLeastOne);
  }

  /**
   * Moves the log's start up to `before` (-1: the high watermark), and resolves with where it stands then. Behind the
   * start already: nothing happens. Throws OFFSET_OUT_OF_RANGE above the high watermark, POLICY_VIOLATION when the topic
   * is compacted only, and what {@link mustLead} throws.
   */
  async deleteRecords(before: Offset): Promise<Offset> {
    this.mustLead();
    const { deletes, compacts } = this.#config;
    if (compacts && !deletes) {
      throw new ApiError('POLICY_VIOLATION', `${this.topic} is compacted only: its records cannot be deleted`);
    }
    const start = before === WATERMARK ? this.#highWatermark : before;
    if (start < 0 || start > this.#highWatermark) {
      throw new ApiError('OFFSET_OUT_OF_RANGE', `${this.name} ends at ${this.#highWatermark}; ${before} is not in it`);
    }
    if (start > this.log.startOffset) await this.log.advanceStartOffset(start);
    return this.log.startOffset;
  }

  /** Tells `watcher` from now on, until {@link unwatch}. */
  watch(watcher: PartitionWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: PartitionWatcher): void {
    this.#watchers.delete(watcher);
  }

  /** Takes over what newer metadata says. A new reign is on disk before the promise resolves (KAFKA-7415). */
  async become(state: PartitionState): Promise<void> {
    const { leaderEpoch, isLeader } = this.#state;
    const starts = state.isLeader && (state.leaderEpoch !== leaderEpoch || !isLeader);
    if (starts) {
      this.#epochStart = this.log.endOffset;
      await this.log.beginEpoch(state.leaderEpoch, this.#epochStart);
    }
    this.#state = state;
    if (!state.isLeader) {
      this.#uncommitted.fail(new ApiError('NOT_LEADER_OR_FOLLOWER', `this node leads ${this.name} no more`));
    }
    if (starts || !state.isLeader) this.#tell();
  }

  /** Other settings hold from the next request on. */
  reconfigure(config: TopicConfig): void {
    this.#config = config;
    this.#rules = produceRules(config);
    this.log.reconfigure(config);
  }

  /** The broker stops: all who wait here are answered. */
  close(): void {
    this.#end(new ApiError('NOT_LEADER_OR_FOLLOWER', `the broker stops; ${this.name} is served no more`));
  }

  /** The topic is gone: all who wait here are told so, at once. */
  delete(): void {
    this.#end(new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `${this.name} was deleted`));
  }

  #advance(watermark: Offset): void {
    if (watermark === this.#highWatermark) return;
    this.#highWatermark = watermark;
    this.#uncommitted.commitTo(watermark);
    this.#tell();
  }

  #end(reason: ApiError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#uncommitted.fail(reason);
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher.moved(this);
  }
}

import { ApiError, type Offset } from '@trunkline/kernel';
import type { TopicConfig } from '@trunkline/metadata';
import { Waiting } from './delayed.js';
import type { PartitionWatcher } from './partition-parts.js';

/** What DeleteRecords says for the high watermark. */
const WATERMARK = -1;

/** What is asked of a partition whose records are deleted. */
export interface DeletablePartition {
  readonly name: string;
  readonly topic: string;
  readonly highWatermark: Offset;
  readonly config: TopicConfig;
}

/** Where a log is to start when everything before `before` (-1: the watermark) goes. Throws as `Partition.deleteRecords`. */
export function deletionStart({ name, topic, highWatermark, config }: DeletablePartition, before: Offset): Offset {
  if (config.compacts && !config.deletes) {
    throw new ApiError('POLICY_VIOLATION', `${topic} is compacted only: its records cannot be deleted`);
  }
  const start = before === WATERMARK ? highWatermark : before;
  if (start >= 0 && start <= highWatermark) return start;
  throw new ApiError('OFFSET_OUT_OF_RANGE', `${name} ends at ${highWatermark}; ${before} is not in it`);
}

/** What a deletion waits for in one partition. */
export interface DeletingPartition {
  readonly name: string;
  readonly lowWatermark: Offset;
  mustLead(): void;
  watch(watcher: PartitionWatcher, asFollower: boolean): void;
  unwatch(watcher: PartitionWatcher): void;
}

interface Settle {
  readonly resolve: (lowWatermark: Offset) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A deletion that has happened here, and not yet on all replicas in sync (Kafka's DelayedDeleteRecords). Each of them
 * tells where its log starts with its next fetch.
 */
export class PendingDeletion extends Waiting implements PartitionWatcher {
  #settle: Settle | undefined;

  constructor(
    private readonly partition: DeletingPartition,
    private readonly start: Offset,
  ) {
    super();
  }

  get isDone(): boolean {
    return this.partition.lowWatermark >= this.start;
  }

  /** Resolves once it is done; `expire` or a change of the leader rejects it. Call it after the purgatory let it in. */
  settled(): Promise<Offset> {
    this.partition.watch(this, true);
    return new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
  }

  moved(): void {
    try {
      this.partition.mustLead();
    } catch (reason) {
      this.#end(({ reject }) => reject(reason));
      return;
    }
    if (this.isDone) this.#end(({ resolve }) => resolve(this.partition.lowWatermark));
  }

  expire(): void {
    const why = `not all replicas of ${this.partition.name} in sync have deleted up to ${this.start}`;
    this.#end(({ reject }) => reject(new ApiError('REQUEST_TIMED_OUT', why)));
  }

  abandon(): void {
    this.expire();
  }

  stop(): void {
    if (this.leave()) this.expire();
  }

  #end(settle: (settle: Settle) => void): void {
    this.leave();
    this.partition.unwatch(this);
    if (this.#settle !== undefined) settle(this.#settle);
    this.#settle = undefined;
  }
}

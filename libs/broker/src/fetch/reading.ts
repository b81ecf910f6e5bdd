import { ApiError, epoch, type Offset } from '@trunkline/kernel';
import type { LogRead } from '@trunkline/log';
import { errorCode, type ErrorName } from '@trunkline/protocol';
import { NO_EPOCH, type Partition, type PartitionWatcher } from '../replica/partition.js';
import type { FetchPartition, Tellable } from './fetch-partition.js';

/** Where a partition is found, or why it is not. */
export type FindPartition = (of: FetchPartition) => Partition | ErrorName;

/** How much of a partition one read may take. */
export interface ReadBudget {
  readonly readCommitted: boolean;
  readonly bytesMax: number;
  /** One batch may be more than `bytesMax` (KIP-74). */
  readonly atLeastOne: boolean;
}

const UNKNOWN = -1;
const NO_CHUNKS: readonly Uint8Array[] = [];

/** What a fetch found in one partition, and, while the fetch is parked, how much more there would be by now. */
export class Reading implements Tellable, PartitionWatcher {
  errorCode = 0;
  highWatermark = UNKNOWN;
  lastStableOffset = UNKNOWN;
  logStartOffset = UNKNOWN;
  chunks = NO_CHUNKS;
  sizeBytes = 0;
  /** The client's log and ours part here (KIP-320, KIP-595). */
  diverging: { readonly epoch: number; readonly endOffset: number } | undefined;
  /** Missing when it was not found. */
  partition: Partition | undefined;
  /** What of this reading the fetch has counted so far. */
  countedBytes = 0;
  #ended: ApiError | undefined;
  #committedBytes = 0;
  #leaderEpoch = UNKNOWN;

  constructor(
    readonly of: FetchPartition,
    private readonly onMoved: (reading: Reading) => void,
  ) {}

  get diverges(): boolean {
    return this.diverging !== undefined;
  }

  /** Whether the partition has changed hands, failed or gone since it was read: reading it again will tell. */
  get isStale(): boolean {
    const { partition } = this;
    return partition !== undefined && (partition.ended !== this.#ended || partition.leaderEpoch !== this.#leaderEpoch);
  }

  /** Whether it found nothing, and would find the same again. */
  get isUnchanged(): boolean {
    const { partition } = this;
    return (
      partition !== undefined &&
      this.errorCode === 0 &&
      this.sizeBytes === 0 &&
      this.diverging === undefined &&
      partition.highWatermark === this.highWatermark &&
      partition.log.startOffset === this.logStartOffset &&
      !this.isStale
    );
  }

  /** Bytes that a read would give now, as far as it counts for `min_bytes`: no more than the client takes of it. */
  get readableBytes(): number {
    const { partition } = this;
    if (partition === undefined || partition.highWatermark <= this.of.fetchOffset) return this.sizeBytes;
    const bytes = this.sizeBytes + partition.committedBytes - this.#committedBytes;
    return Math.min(bytes, Math.max(this.of.bytesMax, this.sizeBytes, 1));
  }

  /** Reads anew. A promise when the disk is needed; what goes wrong becomes the reading's error. */
  read(find: FindPartition, budget: ReadBudget): Promise<void> | undefined {
    this.#clear();
    const found = find(this.of);
    if (typeof found === 'string') {
      this.errorCode = errorCode(found);
      return undefined;
    }
    this.partition = found;
    this.#ended = found.ended;
    this.#leaderEpoch = found.leaderEpoch;
    this.#committedBytes = found.committedBytes;
    try {
      const read = this.#readFrom(found, budget);
      if (!(read instanceof Promise)) return this.#keep(read);
      return read.then(
        (late) => this.#keep(late),
        (reason: unknown) => this.#fail(reason),
      );
    } catch (reason) {
      return this.#fail(reason);
    }
  }

  moved(): void {
    this.onMoved(this);
  }

  #readFrom(partition: Partition, budget: ReadBudget): LogRead | Promise<LogRead> | undefined {
    const { of } = this;
    partition.mustLead(Math.max(of.currentLeaderEpoch, NO_EPOCH)); // As in Kafka, every epoch below zero is none.
    this.highWatermark = partition.highWatermark;
    this.lastStableOffset = partition.lastStableOffset;
    this.logStartOffset = partition.log.startOffset;
    if (of.lastFetchedEpoch !== UNKNOWN && this.#parts(partition)) return undefined;
    const until = budget.readCommitted ? partition.lastStableOffset : partition.highWatermark;
    const bytesMax = Math.max(0, Math.min(of.bytesMax, budget.bytesMax));
    return partition.read(of.fetchOffset, until, bytesMax, budget.atLeastOne);
  }

  /** Whether the client's log has parted from ours: it must truncate before it gets anything. */
  #parts({ log, name }: Partition): boolean {
    const { fetchOffset, lastFetchedEpoch } = this.of;
    const end = log.endOffsetForEpoch(epoch(lastFetchedEpoch));
    if (end === undefined || fetchOffset < log.startOffset) {
      throw new ApiError('OFFSET_OUT_OF_RANGE', `${name} knows no epoch ${lastFetchedEpoch} at offset ${fetchOffset}`);
    }
    if (end.epoch >= lastFetchedEpoch && end.endOffset >= fetchOffset) return false;
    this.diverging = { epoch: end.epoch, endOffset: end.endOffset };
    return true;
  }

  #keep(read: LogRead | undefined): undefined {
    if (read === undefined) return undefined;
    this.chunks = read.chunks;
    this.sizeBytes = read.sizeBytes;
    return undefined;
  }

  #fail(reason: unknown): undefined {
    if (!(reason instanceof ApiError)) throw reason;
    this.#clear();
    this.errorCode = errorCode(reason.code);
    return undefined;
  }

  #clear(): void {
    this.errorCode = 0;
    this.highWatermark = this.lastStableOffset = this.logStartOffset = UNKNOWN as Offset;
    this.chunks = NO_CHUNKS;
    this.sizeBytes = 0;
    this.diverging = undefined;
  }
}

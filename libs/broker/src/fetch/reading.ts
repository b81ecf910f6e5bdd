import { ApiError, epoch, type NodeId, type Offset } from '@trunkline/kernel';
import type { LogRead } from '@trunkline/log';
import { errorCode, type ErrorName } from '@trunkline/protocol';
import { NO_EPOCH, type Partition } from '../replica/partition.js';
import type { PartitionWatcher } from '../replica/partition-parts.js';
import type { FetchPartition, Tellable } from './fetch-partition.js';

/** Where a partition is found, or why it is not. */
export type FindPartition = (of: FetchPartition) => Partition | ErrorName;

/** A follower that copies its leader. */
export interface FetchingReplica {
  readonly id: NodeId;
  /** Of its broker; -1: not said. */
  readonly brokerEpoch: bigint;
}

/** Who fetches. */
export interface Reader {
  readonly readCommitted: boolean;
  /** Does not know that followers may be read (Fetch below 11). */
  readonly leaderOnly: boolean;
  readonly replica: FetchingReplica | undefined;
  /** A nearer replica that the reader should go to (KIP-392); undefined: read here. */
  readonly nearest: (partition: Partition, fetchOffset: Offset) => NodeId | undefined;
}

/** How much of a partition one read may take. */
export interface ReadBudget {
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
  preferredReadReplica = UNKNOWN;
  /** Missing when it was not found. */
  partition: Partition | undefined;
  /** What of this reading the fetch has counted so far. */
  countedBytes = 0;
  #ended: ApiError | undefined;
  #committedBytes = 0;
  #leaderEpoch = UNKNOWN;
  /** What the log had when it was read: for followers. */
  #endOffset = UNKNOWN;
  #isNoted = false;

  constructor(
    readonly of: FetchPartition,
    private readonly reader: Reader,
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
      (this.reader.replica === undefined || partition.log.durableEnd === this.#endOffset) &&
      !this.isStale
    );
  }

  /** Whether a follower must hear of it at once: a watermark it waits for, a log start, or all of a partition it begins with. */
  get isWord(): boolean {
    const { partition, of } = this;
    if (this.reader.replica === undefined || partition === undefined || this.errorCode !== 0) return false;
    if (of.isUntold || partition.highWatermark > of.knownWatermark) return true;
    return partition.log.startOffset > of.logStartOffset && of.logStartOffset >= 0;
  }

  /** Bytes that a read would give now, as far as it counts for `min_bytes`: no more than the client takes of it. */
  get readableBytes(): number {
    const { partition } = this;
    if (partition === undefined) return this.sizeBytes;
    if (this.reader.replica !== undefined) {
      // Followers take whatever there is: their bytes above the watermark are not counted.
      return partition.log.durableEnd > this.#endOffset ? Math.max(this.of.bytesMax, 1) : this.sizeBytes;
    }
    if (partition.highWatermark <= this.of.fetchOffset) return this.sizeBytes;
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
    const { of, reader } = this;
    const leaderEpoch = Math.max(of.currentLeaderEpoch, NO_EPOCH); // As in Kafka, every epoch below zero is none.
    if (reader.leaderOnly || reader.replica !== undefined) partition.mustLead(leaderEpoch);
    else partition.mustServe(leaderEpoch);
    this.#look(partition);
    if (of.lastFetchedEpoch !== UNKNOWN && this.#parts(partition)) return undefined;
    if (reader.replica !== undefined) this.#note(partition, reader.replica);
    else {
      const nearest = partition.isLeader ? reader.nearest(partition, of.fetchOffset) : undefined;
      if (nearest !== undefined) {
        this.preferredReadReplica = nearest;
        return undefined;
      }
    }
    const bytesMax = Math.max(0, Math.min(of.bytesMax, budget.bytesMax));
    return partition.read(of.fetchOffset, this.#until(partition), bytesMax, budget.atLeastOne);
  }

  #look(partition: Partition): void {
    this.highWatermark = partition.highWatermark;
    this.lastStableOffset = partition.lastStableOffset;
    this.logStartOffset = partition.log.startOffset;
    this.#endOffset = partition.log.durableEnd;
  }

  #until({ log, lastStableOffset, highWatermark }: Partition): Offset {
    if (this.reader.replica !== undefined) return log.durableEnd;
    return this.reader.readCommitted ? lastStableOffset : highWatermark;
  }

  /** How far the follower is: before it is read, so that the watermark and what waits for it move in this very turn. */
  #note(partition: Partition, { id, brokerEpoch }: FetchingReplica): void {
    const { fetchOffset, logStartOffset } = this.of;
    partition.mustHold(fetchOffset);
    if (this.#isNoted) return; // When it is read again, the follower is no further.
    this.#isNoted = true;
    partition.followerFetched({ replica: id, brokerEpoch, endOffset: fetchOffset, startOffset: logStartOffset });
    this.#look(partition);
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
    this.preferredReadReplica = UNKNOWN;
  }
}

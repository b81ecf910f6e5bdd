import { ApiError, type Crc32c, type Epoch, type NodeId, type Offset, offset } from '@trunkline/kernel';
import type { Log } from '@trunkline/log';
import { batchesIn, type RecordBatch } from '@trunkline/records';

/** The partition whose replica follows. */
export interface FollowingPartition {
  readonly name: string;
  readonly log: Log;
  /** What was heard of the leader's watermark. */
  readonly heardWatermark: Offset;
  /** Whether consumers wait here for the watermark to move. */
  readonly isRead: boolean;
  /** Resolves when the disk has everything that was appended, as the flush mode wants it, or never will. */
  whenFlushed(): Promise<void>;
  /** A batch of the leader's is in the log. */
  appended(nextOffset: Offset, sizeBytes: number): void;
  /** The leader's watermark; what of it is durable here holds here. */
  heard(highWatermark: Offset): void;
  /** The log was cut, and ends here. */
  cut(end: Offset): void;
}

/** Where a follower asks its leader to go on. */
export interface FollowerPosition {
  readonly fetchOffset: Offset;
  /** Of the last reign this log knows of; -1: of none. Where the logs part there the leader says so (KIP-595). */
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: Offset;
  /** What it has heard of the watermark, when somebody here waits for more; undefined: it may come when it comes. */
  readonly awaitedAbove: Offset | undefined;
}

/** What a leader's answer says beside the records. */
export interface LeaderAnswer {
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
}

const NO_EPOCH = -1;

/**
 * A replica that follows one leader in one reign. Once it has {@link end}ed nothing of it touches the log any more, so
 * an answer that comes too late does no harm (KAFKA-13207).
 *
 * Bytes are appended as they came, after their checksums were seen to hold (C52). It truncates by epochs, never to a
 * watermark (KIP-101), and raises its watermark only after that (KAFKA-14704).
 */
export class FollowerRole {
  #ended = false;
  #tellEnded: () => void = () => {};
  readonly #whenEnded = new Promise<void>((resolve) => (this.#tellEnded = resolve));
  /** What is under way on the disk: the next role waits for it. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly partition: FollowingPartition,
    readonly leaderId: NodeId,
    readonly leaderEpoch: Epoch,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  get position(): FollowerPosition {
    const { log, isRead, heardWatermark } = this.partition;
    return {
      awaitedAbove: isRead ? heardWatermark : undefined,
      fetchOffset: log.endOffset,
      lastFetchedEpoch: log.epochForOffset(log.endOffset) ?? NO_EPOCH,
      logStartOffset: log.startOffset,
    };
  }

  /** Resolves when the disk has everything that was appended, or the role ends: only then may more be fetched. */
  whenDurable(): Promise<void> {
    return Promise.race([this.#whenEnded, this.partition.whenFlushed()]);
  }

  /** Ends it. Resolves when nothing of it is under way any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#tellEnded();
    await this.#work.catch(() => {}); // Whoever began it hears of it.
  }

  /**
   * Takes what the leader sent: in this very turn, but for a log that begins inside a batch. Throws ApiError
   * CORRUPT_MESSAGE, and what the log throws; nothing of the answer is taken then, or the batches before the broken one.
   */
  take(chunks: readonly Uint8Array[], answer: LeaderAnswer, crc32c: Crc32c): void | Promise<void> {
    if (this.#ended) return undefined;
    const { log } = this.partition;
    const first = firstOf(chunks);
    if (first !== undefined && first.baseOffset < log.endOffset)
      return this.#takeFromInside(first, chunks, answer, crc32c);
    this.#append(chunks, crc32c);
    if (answer.logStartOffset > log.startOffset) return this.#moveStart(answer);
    this.partition.heard(answer.highWatermark);
    return undefined;
  }

  /** The logs part: truncates to where they may agree. After a few rounds of this they do (KIP-279). */
  diverged({ epoch, endOffset }: { readonly epoch: Epoch; readonly endOffset: Offset }): Promise<void> {
    const { log } = this.partition;
    const own = log.endOffsetForEpoch(epoch);
    const agreed = own?.epoch === epoch ? Math.min(own.endOffset, endOffset) : (own?.endOffset ?? endOffset);
    return this.truncate(offset(Math.min(agreed, log.endOffset)));
  }

  /** Everything from the batch that holds `to` on goes. */
  truncate(to: Offset): Promise<void> {
    return this.#do(async ({ log }) => {
      await log.truncateTo(to);
      this.partition.cut(log.endOffset);
    });
  }

  /** The leader has nothing of what comes next here: begins again where its log begins. */
  restart(at: Offset): Promise<void> {
    return this.#do(async ({ log }) => {
      await log.restartAt(at);
      this.partition.cut(at);
    });
  }

  #append(chunks: readonly Uint8Array[], crc32c: Crc32c): void {
    const { log } = this.partition;
    for (const chunk of chunks) {
      for (const batch of batchesIn(chunk)) {
        if (!batch.checksumHolds(crc32c)) throw corrupt(this.partition, batch);
        if (batch.baseOffset < log.endOffset) throw outOfOrder(this.partition, batch);
        const { nextOffset, sizeBytes } = batch;
        log.appendAsFollower([batch]);
        this.partition.appended(nextOffset, sizeBytes);
      }
    }
  }

  /** An empty log that is to begin inside a batch begins where the batch does, and its start moves behind. */
  #takeFromInside(
    first: RecordBatch,
    chunks: readonly Uint8Array[],
    answer: LeaderAnswer,
    crc32c: Crc32c,
  ): Promise<void> {
    const { log } = this.partition;
    const start = log.startOffset;
    if (start !== log.endOffset || first.nextOffset <= start) throw outOfOrder(this.partition, first);
    return this.#do(async () => {
      await log.restartAt(first.baseOffset);
      this.partition.cut(first.baseOffset);
      this.#append(chunks, crc32c);
      await log.advanceStartOffset(offset(Math.min(Math.max(start, answer.logStartOffset), log.endOffset)));
      this.partition.heard(answer.highWatermark);
    });
  }

  /**
   * What the leader has deleted is not kept here, as far as this log goes. It goes before the watermark rises: of what
   * the leader has deleted nobody can say any more whether it was the same here.
   */
  #moveStart({ logStartOffset, highWatermark }: LeaderAnswer): Promise<void> {
    return this.#do(async ({ log }) => {
      await log.advanceStartOffset(offset(Math.min(logStartOffset, log.endOffset)));
      this.partition.heard(highWatermark);
    });
  }

  #do(work: (partition: FollowingPartition) => Promise<void>): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#work = work(this.partition);
    return this.#work;
  }
}

function firstOf(chunks: readonly Uint8Array[]): RecordBatch | undefined {
  for (const chunk of chunks) for (const batch of batchesIn(chunk)) return batch;
  return undefined;
}

function corrupt({ name }: FollowingPartition, { baseOffset }: RecordBatch): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `${name}: the leader sent a wrong checksum at offset ${baseOffset}`);
}

function outOfOrder({ name, log }: FollowingPartition, { baseOffset }: RecordBatch): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `${name} ends at ${log.endOffset}, and the leader sent offset ${baseOffset}`);
}

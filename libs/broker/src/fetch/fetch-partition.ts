import type { Offset, Uuid } from '@trunkline/kernel';
import { clampedOffset } from '../replica/clamped-offset.js';

/** What a fetch asks of one partition. */
export interface PartitionWish {
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: bigint;
  readonly lastFetchedEpoch: number;
  readonly partitionMaxBytes: number;
  /** Of a follower: where its log starts. */
  readonly logStartOffset?: bigint;
  /** Of a follower that wants to hear soon when it moves: the watermark it knows (Fetch 18; else the largest int64). */
  readonly highWatermark?: bigint;
}

/** What an incremental answer must say again when it differs (KIP-227). */
export interface Tellable {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly sizeBytes: number;
  readonly diverges: boolean;
  /** Where the client should read instead; -1: here. */
  readonly preferredReadReplica: number;
  /** Whether a follower must hear of it, though nothing has changed since it was told: the answer may have been lost. */
  readonly isWord: boolean;
}

const UNTOLD = -1;
const NOT_SAID = -1n;
const INDIFFERENT = 0x7fff_ffff_ffff_ffffn;

/**
 * A partition of one fetch request, or, remembered, of a fetch session.
 *
 * From Fetch 13 on it is found by `topicId`, and `topic` is what that id was called when it was first looked up; below
 * it is found by `topic`, and `topicId` is the zero id.
 */
export class FetchPartition {
  fetchOffset!: Offset;
  bytesMax!: number;
  currentLeaderEpoch!: number;
  lastFetchedEpoch!: number;
  logStartOffset!: Offset;
  /** A follower is answered as soon as the watermark is above this. */
  knownWatermark!: Offset;
  #toldHighWatermark = UNTOLD;
  #toldLogStartOffset = UNTOLD;
  #toldErrorCode = 0;

  constructor(
    public topic: string | undefined,
    readonly topicId: Uuid,
    readonly index: number,
    wish: PartitionWish,
  ) {
    this.ask(wish);
  }

  /** The client asks this partition anew. */
  ask(wish: PartitionWish): void {
    this.fetchOffset = clampedOffset(wish.fetchOffset);
    this.bytesMax = wish.partitionMaxBytes;
    this.currentLeaderEpoch = wish.currentLeaderEpoch;
    this.lastFetchedEpoch = wish.lastFetchedEpoch;
    this.logStartOffset = clampedOffset(wish.logStartOffset ?? NOT_SAID);
    this.knownWatermark = clampedOffset(wish.highWatermark ?? INDIFFERENT);
    this.#toldErrorCode = 0;
  }

  /** Whether nothing good was told of it yet, in this session. */
  get isUntold(): boolean {
    return this.#toldHighWatermark === UNTOLD;
  }

  /** Whether the client of this session has been told this error, and has not asked anew since. */
  knowsError(errorCode: number): boolean {
    return this.#toldErrorCode === errorCode;
  }

  /** Whether an incremental answer has to hold it: data, an error, a moved watermark or log start, a divergence. */
  isNews(answer: Tellable): boolean {
    return (
      answer.sizeBytes > 0 ||
      answer.highWatermark !== this.#toldHighWatermark ||
      answer.logStartOffset !== this.#toldLogStartOffset ||
      answer.errorCode !== 0 ||
      answer.preferredReadReplica >= 0 ||
      answer.isWord ||
      answer.diverges
    );
  }

  /** Remembers what was told. After an error the next good answer is news whatever it says. */
  told(answer: Tellable): void {
    this.#toldErrorCode = answer.errorCode;
    this.#toldHighWatermark = answer.errorCode === 0 ? answer.highWatermark : UNTOLD;
    this.#toldLogStartOffset = answer.logStartOffset;
  }
}

import { type Crc32c, epoch } from '@trunkline/kernel';
import { clampedOffset } from '../clamped-offset.js';
import type { FollowerRole } from '../follower-role.js';
import type { Partition } from '../partition.js';
import type { FollowerWish } from './leader-session.js';

/** What a leader answered for one partition, without an error. */
export interface PartitionData {
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: bigint };
  readonly records: Uint8Array | null;
}

const REST_MS_MIN = 20;

/** A partition that a fetch loop follows: one replica, one leader, one reign. */
export class FollowedPartition {
  readonly key: string;
  /** It is asked for again from then on. */
  restUntilMs = 0;
  /** Its log is being cut or moved: it is not asked for meanwhile. */
  isBusy = false;
  #failures = 0;

  constructor(
    readonly partition: Partition,
    readonly role: FollowerRole,
  ) {
    this.key = `${partition.topicId} ${partition.index}`;
  }

  /** Whether there is nothing to follow any more: another reign, another role, a log that failed or is gone. */
  get isOver(): boolean {
    return this.role.ended || this.partition.follower !== this.role || this.partition.ended !== undefined;
  }

  wish(partitionMaxBytes: number): FollowerWish {
    const { fetchOffset, lastFetchedEpoch, logStartOffset, awaitedAbove } = this.role.position;
    return {
      topicId: this.partition.topicId,
      partition: this.partition.index,
      currentLeaderEpoch: this.role.leaderEpoch,
      fetchOffset: BigInt(fetchOffset),
      lastFetchedEpoch,
      logStartOffset: BigInt(logStartOffset),
      partitionMaxBytes,
      ...(awaitedAbove === undefined ? {} : { highWatermark: BigInt(awaitedAbove) }),
    };
  }

  /** Takes an answer: in this turn, or a promise when the log must be cut or moved first. */
  take(
    { highWatermark, logStartOffset, divergingEpoch, records }: PartitionData,
    crc32c: Crc32c,
  ): void | Promise<void> {
    const { epoch: parting, endOffset } = divergingEpoch;
    if (parting >= 0) return this.role.diverged({ epoch: epoch(parting), endOffset: clampedOffset(endOffset) });
    const answer = {
      highWatermark: clampedOffset(highWatermark),
      logStartOffset: clampedOffset(logStartOffset),
    };
    return this.role.take(records === null ? [] : [records], answer, crc32c);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** It rests, the longer the more often it fails in a row. Says whether this is the first time. */
  failed(nowMs: number, restMsMax: number): boolean {
    this.restUntilMs = nowMs + Math.min(restMsMax, REST_MS_MIN * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return this.#failures === 1;
  }
}

import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import type { KafkaError } from '../error.js';
import type { LeaderFetch, LeaderFetches } from './leader-fetches.js';

/**
 * What a partition's reader does: `fetching` (or would, if it had room), `validating` its position with a new leader
 * (KIP-320), `looking` where to go on, or `stopped` by an error until somebody seeks.
 */
export type ReadingState = 'fetching' | 'validating' | 'looking' | 'stopped';

/** A partition that is read. The fetch machine alone changes it. */
export class Reading {
  state: ReadingState = 'fetching';
  topicId: Uuid = ZERO_UUID;
  /** -1: nobody, or not known. */
  leader = -1;
  leaderEpoch = -1;
  /** A nearer replica that the leader named; -1: none. */
  preferred = -1;
  preferredUntilMs = 0;
  isPaused = false;
  /** No further fetch until half of what waits is drained. */
  isFull = false;
  bufferedBytes = 0;
  /** Left alone until then, after an error. */
  notBeforeMs = 0;
  failures = 0;
  /** Changes of its leader since its last good answer. */
  moves = 0;
  trouble: KafkaError | undefined;
  /** Where it is fetched from; undefined while nobody leads it. */
  home: LeaderFetches | undefined;
  /** The fetch that asks for this position now. */
  fetch: LeaderFetch | undefined;
  /** A validation or a look for an offset is under way. */
  isAsking = false;
  /** `looking`: where to, when the topic was made anew; undefined: as the policy says. */
  target: 'earliest' | undefined;
  /** Counts the moves of the position that were not reads: what comes for an earlier one is stale. */
  turn = 0;
  highWatermark = -1;
  lastStableOffset = -1;
  logStartOffset = -1;

  constructor(
    readonly topic: string,
    readonly partition: number,
    public offset: number,
    /** Epoch of the record before `offset`, as far as it is known; -1: not known. */
    public offsetEpoch: number,
  ) {}

  /** The broker that is fetched from. */
  get source(): number {
    return this.preferred >= 0 ? this.preferred : this.leader;
  }
}

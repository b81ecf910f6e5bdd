import type { Lane } from '../cluster/cluster.js';
import type { LeaderFetch } from './leader-fetches.js';
import type { Look, Validation } from './position-desk.js';

/** What the shell is to do now. */
export interface FetchWork {
  /** Lanes to be closed, before anything is sent. */
  readonly cuts: readonly Lane[];
  readonly fetches: readonly LeaderFetch[];
  /** Positions to be held against what a new leader has (OffsetForLeaderEpoch), by broker. */
  readonly validations: readonly Validation[];
  /** Partitions whose bounds are wanted (ListOffsets). */
  readonly looks: readonly Look[];
  /** Topics with partitions that nobody is known to lead. */
  readonly leaderless: readonly string[];
  /** When to ask for work again, though nothing happened; undefined: not at all. */
  readonly wakeAtMs: number | undefined;
}

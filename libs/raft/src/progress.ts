import type { Offset } from '@trunkline/kernel';
import type { LogOutline } from './log-outline.js';
import type { Replica } from './replica.js';
import type { ReplicaProgress } from './status.js';
import { isSame, type ReplicaKey } from './voters.js';

/** An observer that has been silent for so long is forgotten. */
const OBSERVER_SESSION_MS = 5 * 60_000;

interface Progress {
  readonly key: ReplicaKey;
  endOffset: Offset | undefined;
  lastFetchAtMs: number | undefined;
  caughtUpAtMs: number | undefined;
  /** The log's end when it fetched last. */
  endAtLastFetch: number;
}

/** How far each replica is, by what it fetched in this reign. Kept by node **and** disk (C16). */
export class ProgressTable {
  readonly #byKey = new Map<string, Progress>();

  constructor(
    private readonly replica: Replica,
    private readonly startedAtMs: number,
  ) {}

  of(key: ReplicaKey): Progress | undefined {
    return this.#byKey.get(nameOf(key));
  }

  /** Somebody spoke in this epoch. False: no room for one more observer. */
  heard(key: ReplicaKey): boolean {
    const { nowMs } = this.replica;
    const known = this.of(key);
    if (known !== undefined) {
      known.lastFetchAtMs = nowMs;
      return true;
    }
    if (!this.replica.outline.voters.has(key) && !this.#hasRoom()) return false;
    const progress = { key, endOffset: undefined, caughtUpAtMs: undefined, endAtLastFetch: -1, lastFetchAtMs: nowMs };
    this.#byKey.set(nameOf(key), progress);
    return true;
  }

  /** It has all of this log up to `endOffset`, on its disk. */
  fetched(key: ReplicaKey, endOffset: Offset): void {
    const progress = this.of(key);
    if (progress === undefined) return;
    const { nowMs, outline } = this.replica;
    // At the end now; or where the end was when it asked before, so that it keeps up with a log that grows.
    if (endOffset >= outline.endOffset) progress.caughtUpAtMs = nowMs;
    else if (endOffset >= progress.endAtLastFetch && progress.endOffset !== undefined) progress.caughtUpAtMs = nowMs;
    progress.endOffset = endOffset;
    progress.endAtLastFetch = outline.endOffset;
  }

  /**
   * What a majority of the newest voters has on disk (C3, C5, C12). The leader counts itself with what is on its own,
   * and not at all when it is no voter any more (C17).
   */
  majorityEnd(): number {
    const { outline, self } = this.replica;
    const ends = outline.voters
      .toArray()
      .map((voter) => (isSame(voter, self) ? outline.stableEnd : (this.of(voter)?.endOffset ?? -1)));
    ends.sort((left, right) => right - left);
    return ends[outline.voters.majority - 1] ?? -1;
  }

  /** The latest time since which a majority has spoken (C8). */
  majorityHeardAtMs(): number {
    const { outline, self, nowMs } = this.replica;
    const heard = outline.voters
      .toArray()
      .map((voter) => (isSame(voter, self) ? nowMs : (this.of(voter)?.lastFetchAtMs ?? this.startedAtMs)));
    heard.sort((left, right) => right - left);
    return heard[outline.voters.majority - 1] ?? nowMs;
  }

  /** Other voters, the most advanced first. */
  successors(): readonly ReplicaKey[] {
    const others = this.replica.otherVoters();
    return others.toSorted((left, right) => (this.of(right)?.endOffset ?? -1) - (this.of(left)?.endOffset ?? -1));
  }

  voters(): readonly ReplicaProgress[] {
    const { outline, self, nowMs } = this.replica;
    return outline.voters
      .toArray()
      .map((voter) => (isSame(voter, self) ? leading(self, outline, nowMs) : told(voter, this.of(voter))));
  }

  observers(): readonly ReplicaProgress[] {
    const { voters } = this.replica.outline;
    return [...this.#byKey.values()]
      .filter(({ key }) => !voters.has(key))
      .map((progress) => told(progress.key, progress));
  }

  #hasRoom(): boolean {
    const { nowMs, config, outline } = this.replica;
    if (this.#byKey.size < config.observersMax) return true;
    for (const [name, { key, lastFetchAtMs = 0 }] of this.#byKey) {
      if (!outline.voters.has(key) && lastFetchAtMs < nowMs - OBSERVER_SESSION_MS) this.#byKey.delete(name);
    }
    return this.#byKey.size < config.observersMax;
  }
}

/** One text for a replica, to look it up by. */
export function nameOf({ id, directoryId }: ReplicaKey): string {
  return `${id} ${directoryId}`;
}

function told({ id, directoryId }: ReplicaKey, progress: Progress | undefined): ReplicaProgress {
  return {
    id,
    directoryId,
    logEndOffset: progress?.endOffset,
    lastFetchAtMs: progress?.lastFetchAtMs,
    lastCaughtUpAtMs: progress?.caughtUpAtMs,
  };
}

function leading({ id, directoryId }: ReplicaKey, outline: LogOutline, nowMs: number): ReplicaProgress {
  return { id, directoryId, logEndOffset: outline.endOffset, lastFetchAtMs: nowMs, lastCaughtUpAtMs: nowMs };
}

import { ApiError, asError, type Clock, type Crc32c, type Logger, type NodeId } from '@trunkline/kernel';
import { errorName, Fetch } from '@trunkline/protocol';
import type { Peers, Told } from '../../peers/peers.js';
import type { ReplicationSettings } from '../replication-settings.js';
import { FollowedPartition } from './followed-partition.js';
import { type FollowerWish, LeaderSession } from './leader-session.js';
import { comeIntoRange } from './out-of-range.js';

/** What fetch loops share. */
export interface FetchWorld {
  readonly nodeId: NodeId;
  /** This broker's epoch: the leader counts only what was fetched in the present uptime (KIP-903). */
  readonly brokerEpoch: () => bigint;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
  readonly settings: ReplicationSettings;
}

type Answer = Told<typeof Fetch>;

/** Partitions whose answer is not there any more, or whose leader has just changed: no news for an operator. */
const USUAL: ReadonlySet<string> = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_ID',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'OFFSET_OUT_OF_RANGE',
]);
const LANES = ['a', 'b'] as const;
const REST_MS_MIN = 20;
/** Partitions join in rows: as long as they do, no fetch parks for longer, or both connections would be parked. */
const JOINING_WAIT_MS_MAX = 20;

/**
 * Copies partitions from one leader: one fetch after the other, parked there, answered at once when there is news.
 *
 * A partition that fails rests alone; one whose log is being cut is not asked for meanwhile. When a partition joins while
 * a fetch is parked, that one is given up and the next goes over a second connection, so that nobody waits for a parked
 * answer. An answer is used for a partition only as long as its role is the one that asked (KAFKA-13207).
 */
export class FetchLoop {
  readonly #followed = new Map<string, FollowedPartition>();
  readonly #session = new LeaderSession();
  readonly #parkedUntilMs = [0, 0];
  #lane: 0 | 1 = 0;
  #asking: AbortController | undefined;
  #joinedMs = -Infinity;
  #wake: (() => void) | undefined;
  #interrupted = false;
  #failures = 0;
  #closed = false;

  constructor(
    readonly leaderId: NodeId,
    private readonly name: string,
    private readonly world: FetchWorld,
  ) {
    void this.#run();
  }

  /** Partitions it follows now. */
  get size(): number {
    return this.#followed.size;
  }

  /** Follows a partition from now on, in the role that it has now. */
  follow(followed: FollowedPartition): void {
    if (this.#followed.get(followed.key)?.role === followed.role) return;
    this.#followed.set(followed.key, followed);
    this.#joinedMs = this.world.clock.monotonicMs();
    this.#interrupt();
  }

  close(): void {
    this.#closed = true;
    this.#asking?.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const nowMs = this.world.clock.monotonicMs();
      const wishes = this.#wishes(nowMs);
      const restMs = this.#nextRestMs(nowMs);
      if (wishes.size === 0) {
        await this.#rest(restMs);
        continue;
      }
      try {
        const answer = await this.#ask(wishes, restMs);
        this.#failures = 0;
        this.#interrupted = false; // It came all the same.
        await this.#take(answer, wishes);
      } catch (reason) {
        await this.#askingFailed(reason);
      }
    }
  }

  /** What is asked next. Partitions that are over are forgotten. */
  #wishes(nowMs: number): Map<string, FollowerWish> {
    const wishes = new Map<string, FollowerWish>();
    for (const [key, followed] of this.#followed) {
      if (followed.isOver) this.#followed.delete(key);
      else if (!followed.isBusy && followed.restUntilMs <= nowMs) {
        wishes.set(key, followed.wish(this.world.settings.fetchBytesMax));
      }
    }
    return wishes;
  }

  async #ask(wishes: ReadonlyMap<string, FollowerWish>, restMs: number | undefined): Promise<Answer> {
    const { nodeId, brokerEpoch, peers, clock, settings } = this.world;
    const asking = new AbortController();
    this.#asking = asking;
    // Not longer than the first that rests: an answer comes by itself then, whether or not the other connection is free.
    const nowMs = clock.monotonicMs();
    const isJoining = nowMs - this.#joinedMs < settings.fetchWaitMs;
    const waitMsMax = isJoining ? Math.min(JOINING_WAIT_MS_MAX, settings.fetchWaitMs) : settings.fetchWaitMs;
    const waitMs = Math.min(waitMsMax, Math.ceil(restMs ?? waitMsMax));
    this.#parkedUntilMs[this.#lane] = nowMs + waitMs;
    const request = {
      replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
      maxWaitMs: waitMs,
      minBytes: settings.fetchMinBytes,
      maxBytes: settings.responseBytesMax,
      ...this.#session.next(wishes),
    };
    const lane = `${this.name}${LANES[this.#lane]}`;
    const timeoutMs = waitMs + settings.answerMsMax;
    try {
      const answer = await peers.ask(this.leaderId, Fetch, request, { timeoutMs, lane, signal: asking.signal });
      this.#parkedUntilMs[this.#lane] = 0;
      return answer;
    } finally {
      this.#asking = undefined;
    }
  }

  async #askingFailed(reason: unknown): Promise<void> {
    if (this.#interrupted) {
      this.#interrupted = false;
      return;
    }
    this.#session.reset();
    this.#parkedUntilMs[this.#lane] = 0;
    const { settings, logger } = this.world;
    if (this.#failures === 0 && !this.#closed) {
      logger.warn(`cannot fetch from node ${this.leaderId}; trying again`, { why: asError(reason).message });
    }
    const restMs = Math.min(settings.backoffMsMax, REST_MS_MIN * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    await this.#rest(restMs);
  }

  /** Something else is to be asked: gives up a parked fetch, if the other connection is free. */
  #interrupt(): void {
    this.#wake?.();
    const other = this.#lane === 0 ? 1 : 0;
    if (this.#asking === undefined || this.#parkedUntilMs[other]! > this.world.clock.monotonicMs()) return;
    this.#interrupted = true;
    this.#lane = other;
    this.#asking.abort();
  }

  async #take(answer: Answer, wishes: ReadonlyMap<string, FollowerWish>): Promise<void> {
    if (answer.errorCode !== 0) {
      this.#session.reset();
      return;
    }
    this.#session.answered(answer.sessionId);
    const flushed: Promise<void>[] = [];
    for (const { topicId, partitions } of answer.responses) {
      for (const data of partitions) {
        const followed = this.#followed.get(`${topicId} ${data.partitionIndex}`);
        if (followed === undefined || followed.isOver || !wishes.has(followed.key)) continue;
        this.#takeOne(followed, data);
        if (!followed.isBusy && data.records !== null) flushed.push(followed.role.whenDurable());
      }
    }
    await Promise.all(flushed);
  }

  #takeOne(followed: FollowedPartition, data: Answer['responses'][number]['partitions'][number]): void {
    try {
      if (data.errorCode === 0) {
        const work = followed.take(data, this.world.crc32c);
        followed.succeeded();
        if (work !== undefined) this.#await(followed, work);
      } else if (errorName(data.errorCode) === 'OFFSET_OUT_OF_RANGE') {
        const { nodeId, peers, settings } = this.world;
        this.#await(followed, comeIntoRange(followed, { nodeId, peers, timeoutMs: settings.answerMsMax }));
      } else throw new ApiError(errorName(data.errorCode), `the answer of node ${this.leaderId}`);
    } catch (reason) {
      this.#failed(followed, reason);
    }
  }

  /** It takes a while: the others go on. */
  #await(followed: FollowedPartition, work: Promise<void>): void {
    followed.isBusy = true;
    void work
      .catch((reason: unknown) => this.#failed(followed, reason))
      .finally(() => {
        followed.isBusy = false;
        this.#interrupt();
      });
  }

  #failed(followed: FollowedPartition, reason: unknown): void {
    const { clock, settings, logger } = this.world;
    const isFirst = followed.failed(clock.monotonicMs(), settings.backoffMsMax);
    const isUsual = reason instanceof ApiError && USUAL.has(reason.code);
    if (!isFirst || isUsual || followed.isOver) return;
    const facts = { leader: this.leaderId, why: asError(reason).message };
    logger.warn(`${followed.partition.name} cannot be copied from its leader; trying again`, facts);
  }

  /** Until the first partition has rested; undefined: none rests. */
  #nextRestMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { restUntilMs, isOver } of this.#followed.values()) {
      if (isOver || restUntilMs <= nowMs) continue;
      next = Math.min(next ?? Number.POSITIVE_INFINITY, restUntilMs - nowMs);
    }
    return next;
  }

  /** Until the time is over, something is to be done, or the end. */
  async #rest(restMs: number | undefined): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = restMs === undefined ? undefined : this.world.clock.after(restMs, resolve);
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

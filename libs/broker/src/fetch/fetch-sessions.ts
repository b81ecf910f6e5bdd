import type { Clock, Random } from '@trunkline/kernel';
import type { FetchPartition, Tellable } from './fetch-partition.js';
import { epochAfter, FetchSession, partitionsOf, type SessionChanges } from './fetch-session.js';

export type SessionErrorName =
  'NONE' | 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' | 'FETCH_SESSION_TOPIC_ID_ERROR';

/** The session part of a fetch request. */
export interface SessionRequest extends SessionChanges {
  readonly sessionId: number;
  readonly sessionEpoch: number;
}

type Answers<Answer> = {
  readonly error: SessionErrorName;
  readonly sessionId: number;
  readonly tell: readonly Answer[];
};

/** What one fetch asks for, and how its answer is cut down to what the client does not know. */
export interface FetchContext {
  readonly error: SessionErrorName;
  readonly partitions: readonly FetchPartition[];
  /** Call it once, with the answers in the order of `partitions`. */
  finish<Answer extends Tellable & { readonly of: FetchPartition }>(answers: readonly Answer[]): Answers<Answer>;
}

export interface FetchSessionLimits {
  /** max.incremental.fetch.session.cache.slots */
  readonly slotsMax: number;
  /** Partitions that all sessions together may remember. */
  readonly partitionsMax: number;
  /** A session that was not used for so long may be evicted by any other (Kafka: 2 minutes). */
  readonly evictionMs: number;
}

export const FETCH_SESSION_LIMITS: FetchSessionLimits = {
  slotsMax: 1000,
  partitionsMax: 500_000,
  evictionMs: 120_000,
};

const NO_SESSION = 0;
const NEW_SESSION_EPOCH = 0;
const NO_SESSION_EPOCH = -1;
const SESSION_ID_LIMIT = 0x7fff_ffff;

/**
 * The fetch sessions of this broker (KIP-227), the least recently used first.
 *
 * Not promised: that a client gets a session, or keeps it. Without one it is answered in full, and told id 0; with one
 * that went away it is told FETCH_SESSION_ID_NOT_FOUND and asks in full again.
 */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>();
  #partitions = 0;
  #evictions = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    readonly limits: FetchSessionLimits = FETCH_SESSION_LIMITS,
  ) {}

  get size(): number {
    return this.#sessions.size;
  }
  /** Partitions in all sessions. */
  get partitionCount(): number {
    return this.#partitions;
  }
  /** Sessions that had to go for another, since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  /** What this request asks for. `usesTopicIds`: Fetch 13 and up. */
  begin(request: SessionRequest, usesTopicIds: boolean): FetchContext {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === NEW_SESSION_EPOCH || sessionEpoch === NO_SESSION_EPOCH) {
      const replaced = this.#sessions.get(sessionId);
      if (replaced !== undefined) this.#remove(replaced);
      return this.#full(partitionsOf(request.topics), sessionEpoch === NEW_SESSION_EPOCH, usesTopicIds);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return failed('FETCH_SESSION_ID_NOT_FOUND', NO_SESSION);
    if (session.epoch !== sessionEpoch) return failed('INVALID_FETCH_SESSION_EPOCH', NO_SESSION);
    if (session.usesTopicIds !== usesTopicIds) return failed('FETCH_SESSION_TOPIC_ID_ERROR', NO_SESSION);
    return this.#incremental(session, request);
  }

  #full(partitions: readonly FetchPartition[], wantsSession: boolean, usesTopicIds: boolean): FetchContext {
    return {
      error: 'NONE',
      partitions,
      finish: (answers) => {
        const session = wantsSession ? this.#create(partitions, usesTopicIds) : undefined;
        if (session !== undefined) for (const answer of answers) answer.of.told(answer);
        return { error: 'NONE', sessionId: session?.id ?? NO_SESSION, tell: answers };
      },
    };
  }

  #incremental(session: FetchSession, request: SessionRequest): FetchContext {
    const before = session.size;
    session.change(request);
    this.#partitions += session.size - before;
    if (session.size === 0 || this.#partitions > this.limits.partitionsMax) {
      this.#remove(session);
      if (session.size > 0) return failed('FETCH_SESSION_ID_NOT_FOUND', NO_SESSION);
      return this.#full([], false, session.usesTopicIds);
    }
    session.usedMs = this.clock.monotonicMs();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    const epoch = (session.epoch = epochAfter(session.epoch));
    return {
      error: 'NONE',
      partitions: session.partitions,
      finish: (answers) => {
        if (session.epoch !== epoch) return { error: 'INVALID_FETCH_SESSION_EPOCH', sessionId: session.id, tell: [] };
        return { error: 'NONE', sessionId: session.id, tell: session.tell(answers) };
      },
    };
  }

  #create(partitions: readonly FetchPartition[], usesTopicIds: boolean): FetchSession | undefined {
    if (this.#partitions + partitions.length > this.limits.partitionsMax) return undefined;
    const now = this.clock.monotonicMs();
    if (this.#sessions.size >= this.limits.slotsMax && !this.#evict(partitions.length, now)) return undefined;
    let id = 1 + this.random.below(SESSION_ID_LIMIT - 1);
    while (this.#sessions.has(id)) id = 1 + this.random.below(SESSION_ID_LIMIT - 1);
    const session = new FetchSession(id, usesTopicIds, now, partitions);
    this.#sessions.set(id, session);
    this.#partitions += session.size;
    return session;
  }

  /** Frees a slot: of the one that nobody used for long, else of the smallest old one if the newcomer is larger. */
  #evict(size: number, now: number): boolean {
    const { evictionMs } = this.limits;
    const [stalest] = this.#sessions.values();
    if (stalest === undefined) return false;
    let victim = now - stalest.usedMs > evictionMs ? stalest : undefined;
    if (victim === undefined) {
      for (const session of this.#sessions.values()) {
        const isOld = now - session.createdMs > evictionMs;
        if (isOld && session.size < (victim?.size ?? size)) victim = session;
      }
    }
    if (victim === undefined) return false;
    this.#remove(victim);
    this.#evictions += 1;
    return true;
  }

  #remove(session: FetchSession): void {
    this.#sessions.delete(session.id);
    this.#partitions -= session.size;
  }
}

function failed(error: SessionErrorName, sessionId: number): FetchContext {
  return { error, partitions: [], finish: () => ({ error, sessionId, tell: [] }) };
}

import { type Clock, type NodeId, type Offset, type Random, ZERO_UUID } from '@trunkline/kernel';
import type { Delayed, WaitingConnection } from '../replica/delayed.js';
import type { Partition } from '../replica/partition.js';
import type { ReplicaManager } from '../replica/replica-manager.js';
import type { MemoryBudget } from '../server/memory-budget.js';
import { FetchRun } from './fetch-run.js';
import { type FetchContext, FETCH_SESSION_LIMITS, FetchSessions, type SessionRequest } from './fetch-sessions.js';
import type { FetchingReplica, FindPartition, Reading } from './reading.js';

export interface FetchesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly replicas: ReplicaManager;
  readonly delayed: Delayed;
  /** fetch.max.bytes: no answer takes more records than this, but for one batch that is larger. */
  readonly bytesMax: number;
  /** Answers on their way, of all connections: connections count what they write, fetches what they read from disk. */
  readonly memory: MemoryBudget;
  /** max.incremental.fetch.session.cache.slots */
  readonly sessionSlotsMax: number;
  /** Which replica a client in this rack should read (KIP-392); undefined: the leader. */
  readonly nearest: (rack: string, partition: Partition, fetchOffset: Offset) => NodeId | undefined;
}

type Wanted = [partition: Partition, fetchOffset: Offset];
const HERE = (): undefined => undefined;

/** A fetch as the client asked it, its session apart. */
export interface FetchAsked {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  /** Asked by a client that does not know that followers may be read. */
  readonly leaderOnly: boolean;
  /** Asked as a follower. */
  readonly replica: FetchingReplica | undefined;
  /** Where the client stands; empty: not said. */
  readonly rack: string;
}

/** What fetch requests share: the sessions, the limit of an answer, and how partitions are found. */
export class Fetches {
  readonly sessions: FetchSessions;

  /** What answers hold that no client has taken yet. */
  get memory(): MemoryBudget {
    return this.options.memory;
  }

  constructor(private readonly options: FetchesOptions) {
    const { clock, random, sessionSlotsMax } = options;
    this.sessions = new FetchSessions(clock, random, { ...FETCH_SESSION_LIMITS, slotsMax: sessionSlotsMax });
  }

  /** The session part of a request. `usesTopicIds`: Fetch 13 and up. */
  begin(request: SessionRequest, usesTopicIds: boolean): FetchContext {
    return this.sessions.begin(request, usesTopicIds);
  }

  /** Reads, or parks until there is something to read. */
  run(
    { partitions }: FetchContext,
    asked: FetchAsked,
    connection: WaitingConnection,
  ): readonly Reading[] | Promise<readonly Reading[]> {
    const bytesMax = Math.max(0, Math.min(asked.maxBytes, this.options.bytesMax));
    const wishes = {
      maxWaitMs: asked.maxWaitMs,
      minBytes: asked.minBytes,
      bytesMax,
      reader: {
        readCommitted: asked.readCommitted,
        leaderOnly: asked.leaderOnly,
        replica: asked.replica,
        nearest: asked.rack === '' ? HERE : (...of: Wanted) => this.options.nearest(asked.rack, ...of),
      },
    };
    const { delayed, memory } = this.options;
    return new FetchRun(partitions, wishes, { find: this.#find, delayed, memory }, connection).run();
  }

  /** A session remembers what an id was called: gone is then told apart from made anew under the same name. */
  readonly #find: FindPartition = (of) => {
    const { replicas } = this.options;
    if (of.topicId === ZERO_UUID) {
      return of.topic === undefined ? 'UNKNOWN_TOPIC_ID' : replicas.find(of.topic, of.index);
    }
    const found = replicas.findById(of.topicId, of.index);
    if (found !== 'UNKNOWN_TOPIC_ID') {
      of.topic ??= replicas.topicName(of.topicId);
      return found;
    }
    if (of.topic === undefined) return found;
    return replicas.topicId(of.topic) === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INCONSISTENT_TOPIC_ID';
  };
}

import type { FetchRequest } from './messages.js';
import type { Replica, Sent } from './replica.js';
import { RoleState } from './role.js';
import type { Peer } from './voters.js';

/** A node that may not stand asks for a leader so many times more slowly than a follower repeats itself. */
const DISCOVERY_BACKOFF_FACTOR = 5;

/**
 * Knows no leader. A voter waits for one, or for its own time to stand; everybody else asks around (voters and bootstrap
 * peers, by the dice): the answer to any fetch says who leads.
 */
export class Unattached extends RoleState {
  readonly kind = 'unattached';
  #standAtMs = Number.POSITIVE_INFINITY;
  #askAtMs = Number.POSITIVE_INFINITY;

  constructor(replica: Replica, electionInMs: number | undefined) {
    super(replica);
    const { mayStand, nowMs, config } = replica;
    if (mayStand) this.#standAtMs = nowMs + (electionInMs ?? replica.jittered(config.electionTimeoutMs));
    else this.#askAtMs = nowMs;
  }

  override get wakeAtMs(): number {
    return Math.min(this.#standAtMs, this.#askAtMs);
  }

  override start(): void {
    this.tick();
  }

  override tick(): void {
    const { nowMs, transitions } = this.replica;
    if (this.#standAtMs <= nowMs) transitions.prospective();
    else if (this.#askAtMs <= nowMs) this.#ask();
  }

  override answered(): void {
    this.#askLater();
  }

  override unanswered(_sent: Sent, _refused: boolean): void {
    this.#askLater();
  }

  /** Somebody else stands: let it try. */
  defer(): void {
    const { nowMs, config } = this.replica;
    if (!Number.isFinite(this.#standAtMs)) return;
    this.#standAtMs = Math.max(this.#standAtMs, nowMs + this.replica.jittered(config.electionTimeoutMs));
  }

  #askLater(): void {
    const { nowMs, config } = this.replica;
    this.#askAtMs = nowMs + this.replica.jittered(config.retryBackoffMs * DISCOVERY_BACKOFF_FACTOR);
  }

  #ask(): void {
    const { config, self } = this.replica;
    const voters = this.replica.otherVoters().map(({ id }) => this.replica.peerOf(id));
    const known: readonly Peer[] = [...voters, ...config.bootstrapPeers.filter(({ id }) => id !== self.id)];
    this.#askAtMs = Number.POSITIVE_INFINITY;
    const peer = known[config.random.below(Math.max(1, known.length))];
    if (peer === undefined) return this.#askLater();
    this.replica.send(peer, fetchRequest(this.replica, 0));
  }
}

/** Asks for what lies behind this replica's log, as far as that is on disk: the leader takes it for acknowledged (C5). */
export function fetchRequest(replica: Replica, maxWaitMs: number): FetchRequest {
  const { config, self, epoch, outline, highWatermark } = replica;
  return {
    api: 'fetch',
    clusterId: config.clusterId,
    replicaId: self.id,
    replicaDirectoryId: self.directoryId,
    currentLeaderEpoch: epoch,
    fetchOffset: outline.stableEnd,
    lastFetchedEpoch: outline.epochAt(outline.stableEnd - 1),
    highWatermark,
    maxWaitMs,
    maxBytes: config.fetchBytesMax,
  };
}

import type { NodeId } from '@trunkline/kernel';
import type { BeginQuorumEpochRequest, RaftResponse } from './messages.js';
import type { ProgressTable } from './progress.js';
import type { Replica, Sent } from './replica.js';
import type { ReplicaKey } from './voters.js';

/**
 * Followers pull, so a new leader must tell of itself: to each voter until it acknowledges, and again to whoever has not
 * fetched for half a fetch timeout (C10, KAFKA-16536).
 */
export class Successions {
  readonly #tellAtMs = new Map<NodeId, number>();

  constructor(
    private readonly replica: Replica,
    private readonly progress: ProgressTable,
  ) {}

  get wakeAtMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { id } of this.replica.otherVoters()) first = Math.min(first, this.#tellAtMs.get(id) ?? 0);
    return first;
  }

  tick(): void {
    const { nowMs } = this.replica;
    for (const voter of this.replica.otherVoters()) {
      if ((this.#tellAtMs.get(voter.id) ?? 0) > nowMs) continue;
      const quietSinceMs = this.progress.of(voter)?.lastFetchAtMs ?? Number.NEGATIVE_INFINITY;
      if (quietSinceMs + this.#intervalMs > nowMs) this.#tellAtMs.set(voter.id, quietSinceMs + this.#intervalMs);
      else this.#tell(voter);
    }
  }

  answered({ request, to }: Sent, _response: RaftResponse): void {
    if (request.api === 'begin-quorum-epoch') this.#tellAtMs.set(to.id, this.replica.nowMs + this.#intervalMs);
  }

  unanswered({ request, to }: Sent): void {
    if (request.api !== 'begin-quorum-epoch') return;
    this.#tellAtMs.set(to.id, this.replica.nowMs + this.#intervalMs / 2);
  }

  get #intervalMs(): number {
    return this.replica.config.fetchTimeoutMs / 2;
  }

  #tell(voter: ReplicaKey): void {
    const { config, self, epoch } = this.replica;
    this.#tellAtMs.set(voter.id, Number.POSITIVE_INFINITY);
    const request: BeginQuorumEpochRequest = {
      api: 'begin-quorum-epoch',
      clusterId: config.clusterId,
      voterId: voter.id,
      voterDirectoryId: voter.directoryId,
      leaderId: self.id,
      leaderEpoch: epoch,
      leaderEndpoints: config.endpoints,
    };
    this.replica.send(this.replica.peerOf(voter.id), request);
  }
}

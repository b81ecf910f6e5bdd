import type { NodeId } from '@trunkline/kernel';
import type { EndQuorumEpochRequest, RaftResponse } from './messages.js';
import type { Replica, Sent } from './replica.js';
import { RoleState } from './role.js';
import type { ReplicaKey } from './voters.js';

/**
 * Led in this epoch, and never will again in it: it handed over, heard no majority, left the voters, or was restarted
 * (what it appended last may be gone). It tells the voters until each has heard, or time is up.
 */
export class Resigned extends RoleState {
  readonly kind = 'resigned';
  readonly #askAtMs = new Map<NodeId, number>();
  readonly #endsAtMs: number;

  constructor(
    replica: Replica,
    /** Who should stand, the most advanced first. */
    private readonly preferred: readonly ReplicaKey[],
  ) {
    super(replica);
    this.#endsAtMs = replica.nowMs + replica.jittered(replica.config.electionTimeoutMs);
  }

  override get wakeAtMs(): number {
    return Math.min(this.#endsAtMs, ...this.#askAtMs.values());
  }

  override start(): void {
    for (const voter of this.replica.otherVoters()) this.#tell(voter);
  }

  override tick(): void {
    const { nowMs, transitions, epoch } = this.replica;
    if (this.#endsAtMs <= nowMs) return transitions.unattached(epoch, 0);
    for (const voter of this.replica.otherVoters()) {
      if ((this.#askAtMs.get(voter.id) ?? Number.POSITIVE_INFINITY) <= nowMs) this.#tell(voter);
    }
  }

  override answered(_sent: Sent, _response: RaftResponse): void {}

  override unanswered({ to }: Sent, _refused: boolean): void {
    this.#askAtMs.set(to.id, this.replica.nowMs + this.replica.config.retryBackoffMs);
  }

  #tell(voter: ReplicaKey): void {
    const { config, self, epoch } = this.replica;
    this.#askAtMs.delete(voter.id);
    const request: EndQuorumEpochRequest = {
      api: 'end-quorum-epoch',
      clusterId: config.clusterId,
      leaderId: self.id,
      leaderEpoch: epoch,
      preferredCandidates: this.preferred.map(({ id, directoryId }) => ({
        candidateId: id,
        candidateDirectoryId: directoryId,
      })),
      leaderEndpoints: config.endpoints,
    };
    this.replica.send(this.replica.peerOf(voter.id), request);
  }
}

import type { NodeId } from '@trunkline/kernel';
import type { RaftResponse, VoteRequest } from './messages.js';
import type { Replica, Sent } from './replica.js';
import { RoleState } from './role.js';
import { isSame, type ReplicaKey } from './voters.js';

/** Exponents above this make no difference. */
const ATTEMPTS_MAX = 10;

/**
 * Stands for election. First as prospective: would a majority vote for me? Nothing is promised and no epoch begins, so a
 * node that was cut off disturbs nobody when it returns (KIP-996). Then as candidate, in a new epoch, with its own vote.
 *
 * Votes count only from voters of its own newest set, by node and disk (C11, C16).
 */
export class Candidate extends RoleState {
  readonly #votes = new Map<NodeId, boolean>();
  readonly #askAtMs = new Map<NodeId, number>();
  #endsAtMs: number;
  #isLost = false;

  constructor(
    replica: Replica,
    readonly kind: 'prospective' | 'candidate',
  ) {
    super(replica);
    this.#endsAtMs = replica.nowMs + replica.jittered(replica.config.electionTimeoutMs);
  }

  override get wakeAtMs(): number {
    return Math.min(this.#endsAtMs, ...this.#askAtMs.values());
  }

  override start(): void {
    if (this.replica.isVoter) this.#votes.set(this.replica.self.id, true);
    if (this.#count(true) >= this.replica.outline.voters.majority) return this.#win();
    for (const voter of this.replica.otherVoters()) this.#ask(voter);
  }

  override tick(): void {
    const { nowMs, transitions } = this.replica;
    if (this.#endsAtMs <= nowMs) {
      this.replica.attempts += 1;
      return transitions.prospective();
    }
    for (const voter of this.replica.otherVoters()) {
      if ((this.#askAtMs.get(voter.id) ?? Number.POSITIVE_INFINITY) <= nowMs) this.#ask(voter);
    }
  }

  override answered({ request }: Sent, response: RaftResponse): void {
    if (request.api !== 'vote' || response.api !== 'vote' || this.#isLost) return;
    const { outline } = this.replica;
    if (!outline.voters.has({ id: request.voterId, directoryId: request.voterDirectoryId })) return;
    this.#votes.set(request.voterId, response.errorCode === 'NONE' && response.voteGranted);
    if (this.#count(true) >= outline.voters.majority) return this.#win();
    if (outline.voters.size - this.#count(false) < outline.voters.majority) this.#lose();
  }

  override unanswered({ request }: Sent, _refused: boolean): void {
    if (request.api !== 'vote' || this.#isLost) return;
    this.#askAtMs.set(request.voterId, this.replica.nowMs + this.replica.config.retryBackoffMs);
  }

  #ask(voter: ReplicaKey): void {
    const { config, self, epoch, outline } = this.replica;
    this.#askAtMs.delete(voter.id);
    const request: VoteRequest = {
      api: 'vote',
      clusterId: config.clusterId,
      voterId: voter.id,
      voterDirectoryId: voter.directoryId,
      replicaEpoch: epoch,
      replicaId: self.id,
      replicaDirectoryId: self.directoryId,
      lastOffsetEpoch: outline.lastEpoch,
      lastOffset: outline.endOffset,
      preVote: this.kind === 'prospective',
    };
    this.replica.send(this.replica.peerOf(voter.id), request);
  }

  #win(): void {
    const { transitions, outline } = this.replica;
    if (this.kind === 'prospective') return transitions.candidate();
    const granting = outline.voters.toArray().filter(({ id }) => this.#votes.get(id) === true);
    transitions.lead(granting.map(({ id, directoryId }) => ({ id, directoryId })));
  }

  /** A majority has refused: another try, later each time, so that two candidates do not meet for ever. */
  #lose(): void {
    const { nowMs, config, attempts } = this.replica;
    this.#isLost = true;
    this.#askAtMs.clear();
    const longest = Math.min(
      config.electionBackoffMaxMs,
      config.electionTimeoutMs * 2 ** Math.min(attempts, ATTEMPTS_MAX),
    );
    this.#endsAtMs = nowMs + 1 + config.random.below(Math.ceil(longest));
  }

  #count(granted: boolean): number {
    let count = 0;
    for (const vote of this.#votes.values()) if (vote === granted) count += 1;
    return count;
  }
}

/** The order in which a leader that goes would have others stand, and this replica's place in it; -1: not named. */
export function placeAmong(preferred: readonly ReplicaKey[], self: ReplicaKey): number {
  return preferred.findIndex((candidate) => isSame(candidate, self));
}

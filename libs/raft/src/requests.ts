import { fetchResponse } from './fetches.js';
import { Leader } from './leader.js';
import { voterChangeResponse } from './membership.js';
import type {
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  FetchRequest,
  FetchSnapshotRequest,
  MembershipRequest,
  RaftErrorCode,
  RaftRequest,
  RaftResponse,
} from './messages.js';
import type { Replica } from './replica.js';
import type { RoleState } from './role.js';
import { answerVote } from './votes.js';
import { isSame } from './voters.js';

/** What a leader tells of itself. */
export interface Announcements {
  begun(request: BeginQuorumEpochRequest): void;
  ended(request: EndQuorumEpochRequest): void;
}

/** What others ask: checked, and given to whoever can answer. */
export class Requests {
  constructor(
    private readonly replica: Replica,
    private readonly role: () => RoleState,
    private readonly announcements: Announcements,
  ) {}

  take(ticket: number, request: RaftRequest): void {
    const { clusterId } = this.replica.config;
    // Another cluster's node, a copy of a directory: it must not be heard at all (C18).
    if (request.clusterId !== undefined && request.clusterId !== clusterId) {
      return this.replica.answer(ticket, this.#refusal(request, 'INCONSISTENT_CLUSTER_ID'));
    }
    switch (request.api) {
      case 'vote':
        return this.replica.answer(ticket, answerVote(this.replica, this.role, request));
      case 'begin-quorum-epoch':
        return this.replica.answer(ticket, this.#begin(request));
      case 'end-quorum-epoch':
        return this.replica.answer(ticket, this.#end(request));
      case 'fetch':
      case 'fetch-snapshot':
        return this.#fetch(ticket, request);
      case 'add-raft-voter':
      case 'remove-raft-voter':
      case 'update-raft-voter':
        return this.#changeVoters(ticket, request);
    }
  }

  #begin(request: BeginQuorumEpochRequest): RaftResponse {
    const { epoch, self, hard } = this.replica;
    const { leaderId, leaderEpoch } = request;
    if (leaderEpoch < epoch) return this.#refusal(request, 'FENCED_LEADER_EPOCH');
    const isOther = leaderEpoch === epoch && hard.leaderId !== undefined && hard.leaderId !== leaderId;
    if (leaderId === self.id || leaderId < 0 || isOther) return this.#refusal(request, 'INVALID_REQUEST');
    const hasEnded = this.replica.endedEpoch === leaderEpoch;
    if (!hasEnded) this.announcements.begun(request);
    const isMine = isSame(self, { id: request.voterId, directoryId: request.voterDirectoryId });
    return this.#refusal(request, isMine ? 'NONE' : 'INVALID_VOTER_KEY');
  }

  #end(request: EndQuorumEpochRequest): RaftResponse {
    const { epoch, self, hard, leader } = this.replica;
    const { leaderId, leaderEpoch } = request;
    if (leaderEpoch < epoch) return this.#refusal(request, 'FENCED_LEADER_EPOCH');
    const isOther = leaderEpoch === epoch && hard.leaderId !== undefined && hard.leaderId !== leaderId;
    if (leaderId === self.id || isOther) return this.#refusal(request, 'INVALID_REQUEST');
    // A parked fetch may have brought the news before; but not who should stand.
    const isWaiting = leader === undefined && this.role().kind === 'unattached';
    const isNews = leaderEpoch > epoch || leader?.id === leaderId || isWaiting;
    if (isNews) this.announcements.ended(request);
    else this.replica.endedEpoch = Math.max(this.replica.endedEpoch, leaderEpoch);
    return this.#refusal(request, 'NONE');
  }

  #fetch(ticket: number, request: FetchRequest | FetchSnapshotRequest): void {
    const { epoch, self } = this.replica;
    const role = this.role();
    const refuse = (errorCode: RaftErrorCode): void => this.replica.answer(ticket, this.#refusal(request, errorCode));
    if (request.currentLeaderEpoch < epoch) return refuse('FENCED_LEADER_EPOCH');
    if (request.currentLeaderEpoch > epoch) return refuse('UNKNOWN_LEADER_EPOCH');
    if (!(role instanceof Leader)) return refuse('NOT_LEADER_OR_FOLLOWER');
    if (request.replicaId === self.id || request.replicaId < 0) return refuse('INVALID_REQUEST');
    if (request.api === 'fetch') role.fetch(ticket, request);
    else role.fetchSnapshot(ticket, request);
  }

  #changeVoters(ticket: number, request: MembershipRequest): void {
    const role = this.role();
    if (!(role instanceof Leader)) {
      return this.replica.answer(ticket, this.#refusal(request, 'NOT_LEADER_OR_FOLLOWER'));
    }
    const { epoch } = this.replica;
    if (request.api === 'update-raft-voter' && request.currentLeaderEpoch !== epoch) {
      const code = request.currentLeaderEpoch < epoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
      return this.replica.answer(ticket, this.#refusal(request, code));
    }
    role.changeVoters(ticket, request);
  }

  /** An answer that holds nothing but a code and who leads. */
  #refusal(request: RaftRequest, errorCode: RaftErrorCode): RaftResponse {
    const leadership = this.replica.leadership(errorCode);
    switch (request.api) {
      case 'vote':
        return { api: 'vote', ...leadership, voteGranted: false };
      case 'begin-quorum-epoch':
      case 'end-quorum-epoch':
        return { api: request.api, ...leadership };
      case 'fetch':
        return fetchResponse(this.replica, errorCode);
      case 'fetch-snapshot': {
        const { snapshotId, position } = request;
        const nothing = new Uint8Array(0);
        return { api: 'fetch-snapshot', ...leadership, snapshotId, size: 0, position, unalignedRecords: nothing };
      }
      case 'add-raft-voter':
      case 'remove-raft-voter':
      case 'update-raft-voter':
        return voterChangeResponse(this.replica, request, errorCode);
    }
  }
}

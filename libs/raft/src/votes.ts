import type { RaftErrorCode, VoteRequest, VoteResponse } from './messages.js';
import type { Replica } from './replica.js';
import type { RoleState } from './role.js';
import { Unattached } from './unattached.js';
import { isSame, type ReplicaKey } from './voters.js';

/**
 * Answers a request for a vote. `role()` is asked anew, as a newer epoch changes it.
 *
 * A voter votes for whoever asks, also for a node that its own voters do not name: its log may be the older one, and the
 * other's majority may need it. It does not when both logs are the same: then the other knows, too, that it is out (C11).
 */
export function answerVote(replica: Replica, role: () => RoleState, request: VoteRequest): VoteResponse {
  const { self, transitions } = replica;
  const answer = (errorCode: RaftErrorCode, voteGranted = false): VoteResponse => ({
    api: 'vote',
    ...replica.leadership(errorCode),
    voteGranted,
  });
  if (!isSame(self, { id: request.voterId, directoryId: request.voterDirectoryId })) return answer('INVALID_VOTER_KEY');
  if (request.replicaId === self.id) return answer('INVALID_REQUEST');
  if (request.replicaEpoch < replica.epoch) return answer('FENCED_LEADER_EPOCH');
  if (request.replicaEpoch > replica.epoch) transitions.unattached(request.replicaEpoch);
  if (!isFit(replica, request)) return answer('NONE');
  if (request.preVote) {
    if (role().refusesPreVoteOf(request.replicaId)) return answer('NONE');
    const now = role();
    if (now instanceof Unattached) now.defer();
    return answer('NONE', true);
  }
  const { votedFor, leaderId } = replica.hard;
  const asker = askerOf(request);
  if (leaderId !== undefined || (votedFor !== undefined && !isSame(votedFor, asker))) return answer('NONE');
  if (votedFor === undefined) {
    replica.persist({ votedFor: asker });
    transitions.unattached(replica.epoch);
  }
  return answer('NONE', true);
}

function askerOf({ replicaId, replicaDirectoryId }: VoteRequest): ReplicaKey {
  return { id: replicaId, directoryId: replicaDirectoryId };
}

/** Whether the asker may lead: it has all that this replica has, and this replica has all that it promised (C19). */
function isFit({ hard, outline }: Replica, request: VoteRequest): boolean {
  const { lastOffset, lastOffsetEpoch } = request;
  if (hard.needsRepair || !outline.isUpToDate(lastOffset, lastOffsetEpoch)) return false;
  const isSameLog = lastOffset === outline.endOffset && lastOffsetEpoch === outline.lastEpoch;
  return !isSameLog || outline.voters.has(askerOf(request));
}

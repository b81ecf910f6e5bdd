import type { Reply } from '../state-machine.js';
import type { LiveGroup } from './live-group.js';
import {
  completeJoinIfAllJoined,
  dropMember,
  joinDeadlinePassed,
  membersChanged,
  prepareRebalance,
  restartSession,
} from './rebalance.js';
import type { GroupError, LeaveAnswer, LeaveRequest, MemberClaim } from './requests.js';
import type { Turn } from './turn.js';

/** A member says that it lives, and hears whether it is to join again. */
export function decideHeartbeat(turn: Turn, group: LiveGroup, claim: MemberClaim, reply: Reply<GroupError>): void {
  turn.answer(reply, heartbeat(turn, group, claim));
}

function heartbeat(turn: Turn, group: LiveGroup, claim: MemberClaim): GroupError {
  const error = group.check(claim.memberId, claim.instanceId);
  if (error !== 'NONE') return error;
  if (claim.generation !== group.generation) return 'ILLEGAL_GENERATION';
  const member = group.members.get(claim.memberId)!;
  restartSession(turn, member);
  return group.phase === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
}

/** Members go, of their own accord or because somebody who may do so removes static ones by their instance id. */
export function decideLeave(turn: Turn, group: LiveGroup, request: LeaveRequest, reply: Reply<LeaveAnswer>): void {
  const answers: LeaveAnswer['members'][number][] = [];
  for (const { memberId, instanceId } of request.members) {
    answers.push({ memberId, instanceId, error: leave(turn, group, memberId, instanceId) });
  }
  turn.answer(reply, { error: 'NONE', members: answers });
  if (!answers.some(({ error }) => error === 'NONE')) return;
  if (group.phase === 'PreparingRebalance') completeJoinIfAllJoined(turn, group);
  else if (group.phase !== 'Empty') membersChanged(turn, group);
}

function leave(turn: Turn, group: LiveGroup, memberId: string, instanceId: string | null): GroupError {
  if (memberId === '') {
    const current = instanceId === null ? undefined : group.idOfInstance(instanceId);
    if (current === undefined) return 'UNKNOWN_MEMBER_ID';
    dropMember(turn, group, current);
    return 'NONE';
  }
  const error = group.pendingIds.has(memberId) ? 'NONE' : group.check(memberId, instanceId);
  if (error === 'NONE') dropMember(turn, group, memberId);
  return error;
}

/** Time went on: ids, sessions, joins and syncs that have run out. */
export function decideTick(turn: Turn, group: LiveGroup): void {
  const nowMs = turn.now.monotonicMs;
  for (const [memberId, expiresMs] of group.pendingIds) if (expiresMs <= nowMs) group.pendingIds.delete(memberId);
  completeJoinIfAllJoined(turn, group);
  expireSessions(turn, group);
  if (group.joinDeadlineMs !== undefined && group.joinDeadlineMs <= nowMs) joinDeadlinePassed(turn, group);
  if (group.syncDeadlineMs !== undefined && group.syncDeadlineMs <= nowMs) expireSync(turn, group);
}

function expireSessions(turn: Turn, group: LiveGroup): void {
  for (const member of group.members.values()) {
    if (member.sessionDeadlineMs === undefined || member.sessionDeadlineMs > turn.now.monotonicMs) continue;
    const waits = member.awaitingJoin !== undefined || member.awaitingSync !== undefined;
    if (waits && !member.isNew) {
      member.sessionDeadlineMs = undefined; // It waits for us. It gets a new session with the answer.
      continue;
    }
    dropMember(turn, group, member.memberId);
    membersChanged(turn, group);
  }
}

/** Who has not asked for its assignment by now is out, and the others start again. */
function expireSync(turn: Turn, group: LiveGroup): void {
  for (const memberId of group.pendingSync) dropMember(turn, group, memberId);
  prepareRebalance(turn, group);
}

import { invariant } from '@trunkline/kernel';
import type { StoredMember } from './group-records.js';
import type { LiveGroup } from './live-group.js';
import { type LiveMember, metadataFor } from './live-member.js';
import type { GroupError, JoinAnswer, JoinedMember, SyncAnswer } from './requests.js';
import type { Turn } from './turn.js';

const NO_BYTES = new Uint8Array(0);

export function joinError(error: GroupError, memberId: string): JoinAnswer {
  return {
    error,
    generation: -1,
    protocolType: null,
    protocol: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function syncError(error: GroupError): SyncAnswer {
  return { error, protocolType: null, protocol: null, assignment: NO_BYTES };
}

/** The generation in progress, as `member` is told of it: all members if it leads, else none. */
export function joinAnswer(group: LiveGroup, member: LiveMember): JoinAnswer {
  return {
    error: 'NONE',
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol,
    leader: group.leader ?? '',
    skipAssignment: false,
    memberId: member.memberId,
    members: group.leader === member.memberId ? joinedMembers(group) : [],
  };
}

export function joinedMembers(group: LiveGroup): readonly JoinedMember[] {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    metadata: metadataFor(member, group.protocol),
  }));
}

/** Gives a member a whole session from now. */
export function restartSession(turn: Turn, member: LiveMember): void {
  member.sessionDeadlineMs = turn.now.monotonicMs + member.sessionTimeoutMs;
}

export function answerJoin(turn: Turn, member: LiveMember, answer: JoinAnswer): void {
  if (member.awaitingJoin === undefined) return;
  turn.answer(member.awaitingJoin, answer);
  member.awaitingJoin = undefined;
}

export function answerSync(turn: Turn, member: LiveMember, answer: SyncAnswer): void {
  if (member.awaitingSync === undefined) return;
  turn.answer(member.awaitingSync, answer);
  member.awaitingSync = undefined;
}

/** Takes a member out of its group, and tells it so where it waits. What becomes of the group is the caller's. */
export function dropMember(turn: Turn, group: LiveGroup, memberId: string): void {
  const member = group.remove(memberId);
  if (member === undefined) return;
  answerJoin(turn, member, joinError('UNKNOWN_MEMBER_ID', ''));
  answerSync(turn, member, syncError('UNKNOWN_MEMBER_ID'));
}

/** Members changed: a rebalance begins, or the one in progress may have become complete. */
export function membersChanged(turn: Turn, group: LiveGroup): void {
  if (group.phase !== 'PreparingRebalance') prepareRebalance(turn, group);
  else completeJoinIfAllJoined(turn, group);
}

/** Calls all members to join again. The first rebalance of an empty group waits for its initial delay instead. */
export function prepareRebalance(turn: Turn, group: LiveGroup): void {
  const nowMs = turn.now.monotonicMs;
  for (const member of group.members.values()) {
    if (member.awaitingSync === undefined) continue;
    answerSync(turn, member, syncError('REBALANCE_IN_PROGRESS'));
    restartSession(turn, member);
  }
  group.pendingSync.clear();
  group.syncDeadlineMs = undefined;
  const isInitial = group.phase === 'Empty';
  group.enter('PreparingRebalance', turn.now.wallMs);
  if (!isInitial) {
    group.initialDelay = undefined;
    group.joinDeadlineMs = nowMs + group.rebalanceTimeoutMs;
    completeJoinIfAllJoined(turn, group);
    return;
  }
  const stepMs = turn.config.initialRebalanceDelayMs;
  const remainingMs = Math.max(group.rebalanceTimeoutMs - stepMs, 0);
  group.initialDelay = { stepMs, remainingMs, memberAdded: false };
  group.joinDeadlineMs = nowMs + stepMs;
  if (stepMs === 0) completeJoin(turn, group);
}

export function completeJoinIfAllJoined(turn: Turn, group: LiveGroup): void {
  if (group.phase === 'PreparingRebalance' && group.initialDelay === undefined && group.allJoined)
    completeJoin(turn, group);
}

/** The time to join is over. */
export function joinDeadlinePassed(turn: Turn, group: LiveGroup): void {
  const delay = group.initialDelay;
  if (delay === undefined || !delay.memberAdded || delay.remainingMs === 0) {
    completeJoin(turn, group);
    return;
  }
  const stepMs = Math.min(turn.config.initialRebalanceDelayMs, delay.remainingMs);
  group.initialDelay = { stepMs, remainingMs: Math.max(delay.remainingMs - delay.stepMs, 0), memberAdded: false };
  group.joinDeadlineMs = turn.now.monotonicMs + stepMs;
}

/**
 * Ends the join: members that did not come are out (static ones stay until their session ends), the next generation
 * begins, and who waits is told of it. With nobody left the group is empty, which is recorded.
 */
function completeJoin(turn: Turn, group: LiveGroup): void {
  group.initialDelay = undefined;
  group.joinDeadlineMs = undefined;
  for (const member of group.members.values()) {
    if (member.awaitingJoin === undefined && member.instanceId === null) dropMember(turn, group, member.memberId);
  }
  if (group.members.size === 0) {
    becomeEmpty(turn, group);
    return;
  }
  if (!electLeader(group)) {
    group.joinDeadlineMs = turn.now.monotonicMs + group.rebalanceTimeoutMs;
    return;
  }
  group.generation += 1;
  group.protocol = group.electProtocol();
  group.updateSubscribedTopics();
  group.enter('CompletingRebalance', turn.now.wallMs);
  for (const member of group.members.values()) {
    answerJoin(turn, member, joinAnswer(group, member));
    restartSession(turn, member);
    member.isNew = false;
    group.pendingSync.add(member.memberId);
  }
  group.syncDeadlineMs = turn.now.monotonicMs + group.rebalanceTimeoutMs;
}

/** The leader stays if it joined; else the longest-standing member that did leads. False: nobody did. */
function electLeader(group: LiveGroup): boolean {
  invariant(group.leader !== null, 'a group with members has a leader');
  if (group.members.get(group.leader)?.awaitingJoin !== undefined) return true;
  for (const member of group.members.values()) {
    if (member.awaitingJoin === undefined) continue;
    group.leader = member.memberId;
    return true;
  }
  return false;
}

function becomeEmpty(turn: Turn, group: LiveGroup): void {
  group.generation += 1;
  group.protocol = null;
  group.updateSubscribedTopics();
  group.enter('Empty', turn.now.wallMs);
  recordGroup(turn, group, () => NO_BYTES);
}

/** Records the group as it is, with the assignment that `assignmentOf` gives each member. */
export function recordGroup(turn: Turn, group: LiveGroup, assignmentOf: (memberId: string) => Uint8Array): void {
  const members = [...group.members.values()].map((member): StoredMember => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    sessionTimeoutMs: member.sessionTimeoutMs,
    subscription: metadataFor(member, group.protocol),
    assignment: assignmentOf(member.memberId),
  }));
  const { groupId, generation, protocol, leader, sinceMs } = group;
  const protocolType = group.protocolType ?? '';
  turn.record({ kind: 'group', groupId, value: { protocolType, generation, protocol, leader, sinceMs, members } });
}

import { type LiveGroup, sameProtocols } from './live-group.js';
import { type LiveMember, memberOfRequest, metadataFor, protocolBytes } from './live-member.js';
import {
  answerJoin,
  answerSync,
  completeJoinIfAllJoined,
  dropMember,
  joinAnswer,
  joinError,
  joinedMembers,
  membersChanged,
  prepareRebalance,
  recordGroup,
  restartSession,
  syncError,
} from './rebalance.js';
import type { GroupError, JoinAnswer, JoinRequest } from './requests.js';
import type { Reply } from '../state-machine.js';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.js';
import type { Turn } from './turn.js';

/** What is wrong with a join whatever group it is for. */
export function joinRefused(turn: Turn, request: JoinRequest): GroupError {
  const { sessionTimeoutMs } = request;
  const { sessionTimeoutMsMin, sessionTimeoutMsMax } = turn.config;
  if (request.groupId === '') return 'INVALID_GROUP_ID';
  if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax)
    return 'INVALID_SESSION_TIMEOUT';
  return 'NONE';
}

/** A member joins, for the first time or again. Answered at once, or when the rebalance ends. */
export function decideJoin(turn: Turn, group: LiveGroup, request: JoinRequest, reply: Reply<JoinAnswer>): void {
  const { memberId, protocolType, protocols } = request;
  if (!hasRoom(turn, group, request)) {
    dropMember(turn, group, memberId);
    completeJoinIfAllJoined(turn, group);
    turn.answer(reply, joinError('GROUP_MAX_SIZE_REACHED', ''));
  } else if (!group.accepts(protocolType, protocols)) {
    turn.answer(reply, joinError('INCONSISTENT_GROUP_PROTOCOL', memberId));
  } else if (memberId === '') joinWithoutId(turn, group, request, reply);
  else if (group.pendingIds.has(memberId) && request.instanceId === null)
    addMember(turn, group, memberId, request, reply);
  else joinWithId(turn, group, request, reply);
}

/**
 * Room for this member. While members come back for a rebalance those that are back already count, so that a group
 * which is over its size (the limit was lowered) loses whoever comes last.
 */
function hasRoom(turn: Turn, group: LiveGroup, request: JoinRequest): boolean {
  const { groupSizeMax, groupRecordBytesMax } = turn.config;
  const member = group.members.get(request.memberId);
  const saidBefore = member === undefined ? 0 : protocolBytes(member.protocols);
  const bytes = group.protocolBytes - saidBefore + protocolBytes(request.protocols);
  if (bytes > groupRecordBytesMax / 2) return false;
  if (group.phase === 'Empty') return true;
  if (group.phase === 'PreparingRebalance') {
    return member?.awaitingJoin !== undefined || group.awaitingJoinCount < groupSizeMax;
  }
  return member !== undefined || group.members.size < groupSizeMax;
}

function joinWithoutId(turn: Turn, group: LiveGroup, request: JoinRequest, reply: Reply<JoinAnswer>): void {
  const { instanceId, clientId, freshId } = request;
  const memberId = `${(instanceId ?? clientId).slice(0, MEMBER_ID_PREFIX_LENGTH_MAX)}-${freshId}`;
  if (instanceId !== null) {
    const known = group.idOfInstance(instanceId);
    if (known === undefined) addMember(turn, group, memberId, request, reply);
    else replaceStaticMember(turn, group, known, memberId, request, reply);
  } else if (!request.idRequired) addMember(turn, group, memberId, request, reply);
  else if (group.pendingIds.size >= turn.config.pendingMemberIdsMax) {
    turn.answer(reply, joinError('COORDINATOR_NOT_AVAILABLE', ''));
  } else {
    group.pendingIds.set(memberId, turn.now.monotonicMs + request.sessionTimeoutMs);
    turn.answer(reply, joinError('MEMBER_ID_REQUIRED', memberId));
  }
}

/** UTF-16 units of the client's own text in a member id. */
const MEMBER_ID_PREFIX_LENGTH_MAX = 255;

function addMember(
  turn: Turn,
  group: LiveGroup,
  memberId: string,
  request: JoinRequest,
  reply: Reply<JoinAnswer>,
): void {
  const member = memberOfRequest(memberId, request);
  member.awaitingJoin = reply;
  member.sessionDeadlineMs = turn.now.monotonicMs + turn.config.newMemberJoinTimeoutMs;
  if (group.members.size === 0) group.protocolType = request.protocolType;
  group.add(member);
  if (group.initialDelay !== undefined) group.initialDelay.memberAdded = true;
  membersChanged(turn, group);
}

function joinWithId(turn: Turn, group: LiveGroup, request: JoinRequest, reply: Reply<JoinAnswer>): void {
  const { memberId, instanceId, protocols } = request;
  const error = group.check(memberId, instanceId);
  const member = group.members.get(memberId);
  if (error !== 'NONE' || member === undefined || group.phase === 'Empty') {
    turn.answer(reply, joinError(error === 'NONE' ? 'UNKNOWN_MEMBER_ID' : error, memberId));
    return;
  }
  // A leader that joins again in a stable group has seen something that the members' metadata does not show.
  const asksForRebalance = group.phase === 'Stable' && group.leader === memberId;
  if (group.phase !== 'PreparingRebalance' && !asksForRebalance && sameProtocols(member.protocols, protocols)) {
    turn.answer(reply, joinAnswer(group, member));
    return;
  }
  waitForJoin(turn, group, member, request, reply);
  membersChanged(turn, group);
}

function waitForJoin(
  turn: Turn,
  group: LiveGroup,
  member: LiveMember,
  request: JoinRequest,
  reply: Reply<JoinAnswer>,
): void {
  answerJoin(turn, member, joinError('REBALANCE_IN_PROGRESS', member.memberId)); // It asked twice: the later one counts.
  group.setProtocols(member, request.protocols);
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  member.awaitingJoin = reply;
}

/** KIP-345: a static member came back without its id. It gets a new one, and the old one is fenced. */
function replaceStaticMember(
  turn: Turn,
  group: LiveGroup,
  oldId: string,
  newId: string,
  request: JoinRequest,
  reply: Reply<JoinAnswer>,
): void {
  const old = group.members.get(oldId)!;
  const topicsBefore = topicsOf(group, old);
  const leaderBefore = group.leader ?? '';
  answerJoin(turn, old, joinError('FENCED_INSTANCE_ID', oldId));
  answerSync(turn, old, syncError('FENCED_INSTANCE_ID'));
  const member = group.replace(old, newId);
  const { phase } = group;
  waitForJoin(turn, group, member, request, reply);
  restartSession(turn, member);
  if (phase === 'PreparingRebalance') completeJoinIfAllJoined(turn, group);
  else if (phase === 'CompletingRebalance')
    prepareRebalance(turn, group); // The leader assigns to the old id.
  else if (group.electProtocol() !== group.protocol || topicsOf(group, member) !== topicsBefore) {
    membersChanged(turn, group);
  } else keepGeneration(turn, group, member, oldId, leaderBefore, request);
}

/**
 * The topics that a member subscribes to, as one comparable text. The rest of its metadata may differ: sticky members
 * say what they own, and after a restart that is nothing.
 */
function topicsOf(group: LiveGroup, member: LiveMember): string | undefined {
  if (group.protocolType !== CONSUMER_PROTOCOL_TYPE) return undefined;
  return subscribedTopics(metadataFor(member, group.protocol))?.toSorted().join(' ');
}

/** The member takes over what its old id had, without a rebalance. */
function keepGeneration(
  turn: Turn,
  group: LiveGroup,
  member: LiveMember,
  oldId: string,
  leaderBefore: string,
  request: JoinRequest,
): void {
  const { stored } = turn;
  const assignmentOf = (memberId: string): Uint8Array =>
    stored.member(group.groupId, memberId === member.memberId ? oldId : memberId)?.assignment ?? new Uint8Array(0);
  recordGroup(turn, group, assignmentOf);
  const leads = group.leader === member.memberId;
  // Before v9 a leader cannot be told to keep the assignment, so it is told that somebody else leads.
  const answer = request.mayBeToldToSkip
    ? { ...joinAnswer(group, member), members: leads ? joinedMembers(group) : [], skipAssignment: leads }
    : { ...joinAnswer(group, member), members: [], leader: leaderBefore };
  answerJoin(turn, member, answer);
}

import type { Reply } from '../state-machine.js';
import type { LiveGroup } from './live-group.js';
import { answerSync, prepareRebalance, recordGroup, restartSession, syncError } from './rebalance.js';
import type { GroupError, SyncAnswer, SyncRequest } from './requests.js';
import type { Turn } from './turn.js';

const NO_BYTES = new Uint8Array(0);

/** A member asks for its assignment; the leader brings everybody's. */
export function decideSync(turn: Turn, group: LiveGroup, request: SyncRequest, reply: Reply<SyncAnswer>): void {
  const error = syncRefused(group, request);
  if (error !== 'NONE') {
    turn.answer(reply, syncError(error));
    return;
  }
  const { memberId } = request;
  const member = group.members.get(memberId)!;
  group.pendingSync.delete(memberId);
  if (group.pendingSync.size === 0) group.syncDeadlineMs = undefined;
  if (group.phase === 'Stable') {
    const assignment = turn.stored.member(group.groupId, memberId)?.assignment ?? NO_BYTES;
    turn.answer(reply, { error: 'NONE', protocolType: group.protocolType, protocol: group.protocol, assignment });
    return;
  }
  answerSync(turn, member, syncError('REBALANCE_IN_PROGRESS')); // It asked twice: the later one counts.
  member.awaitingSync = reply;
  if (group.leader === memberId) becomeStable(turn, group, request);
}

function syncRefused(group: LiveGroup, request: SyncRequest): GroupError {
  if (group.phase === 'Empty') return 'UNKNOWN_MEMBER_ID';
  const error = group.check(request.memberId, request.instanceId);
  if (error !== 'NONE') return error;
  if (request.generation !== group.generation) return 'ILLEGAL_GENERATION';
  if (differs(request.protocolType, group.protocolType) || differs(request.protocol, group.protocol)) {
    return 'INCONSISTENT_GROUP_PROTOCOL';
  }
  return group.phase === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
}

function differs(asked: string | null, has: string | null): boolean {
  return asked !== null && has !== null && asked !== has;
}

/** Records the generation with its assignments, and answers all who wait for theirs. */
function becomeStable(turn: Turn, group: LiveGroup, request: SyncRequest): void {
  const assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  const assignmentOf = (memberId: string): Uint8Array => assignments.get(memberId) ?? NO_BYTES;
  let bytes = group.protocolBytes;
  for (const memberId of group.members.keys()) bytes += assignmentOf(memberId).byteLength;
  if (bytes > turn.config.groupRecordBytesMax) {
    for (const member of group.members.values()) answerSync(turn, member, syncError('UNKNOWN_SERVER_ERROR'));
    prepareRebalance(turn, group);
    return;
  }
  group.enter('Stable', turn.now.wallMs);
  recordGroup(turn, group, assignmentOf);
  const { protocolType, protocol } = group;
  for (const member of group.members.values()) {
    if (member.awaitingSync === undefined) continue;
    const assignment = assignmentOf(member.memberId);
    answerSync(turn, member, { error: 'NONE', protocolType, protocol, assignment });
    restartSession(turn, member);
  }
}

import type { Reply } from '../state-machine.js';
import type { StoredEntry, StoredGroups } from './stored-groups.js';
import type { LiveGroup } from './live-group.js';
import { restartSession } from './rebalance.js';
import type { CommitAnswer, CommitRequest, CommittedOffset, GroupError } from './requests.js';
import type { Turn } from './turn.js';

/**
 * Offsets are committed, by a member of the generation or, while the group is empty, by anybody.
 *
 * `group` is undefined when nobody is, or has been, in the group: then this makes a group that has offsets only.
 */
export function decideCommit(
  turn: Turn,
  group: LiveGroup | undefined,
  request: CommitRequest,
  reply: Reply<CommitAnswer>,
): void {
  const error = commitRefused(turn.stored, group, request);
  if (error !== 'NONE') {
    turn.answer(reply, { error, offsets: [] });
    return;
  }
  const member = group?.members.get(request.memberId);
  if (member !== undefined) restartSession(turn, member);
  const entry = turn.stored.get(request.groupId);
  let room = turn.config.offsetsPerGroupMax - (entry?.offsetCount ?? 0);
  const errors = request.offsets.map((committed): GroupError => {
    if (committed.metadata.length > turn.config.offsetMetadataLengthMax) return 'OFFSET_METADATA_TOO_LARGE';
    if (!isKnown(entry, committed)) {
      if (room <= 0) return 'INVALID_COMMIT_OFFSET_SIZE';
      room -= 1;
    }
    record(turn, request, committed);
    return 'NONE';
  });
  turn.answer(reply, { error: 'NONE', offsets: errors });
}

function commitRefused(stored: StoredGroups, group: LiveGroup | undefined, request: CommitRequest): GroupError {
  const { generation, memberId, instanceId } = request;
  if (group === undefined) {
    // A group with offsets only is an empty group: whoever claims to be a member of it is wrong, like one whose
    // generation has passed.
    if (generation < 0) return 'NONE';
    return stored.get(request.groupId) === undefined ? request.unknownGroup : 'UNKNOWN_MEMBER_ID';
  }
  if (generation < 0 && group.phase === 'Empty') return 'NONE';
  if (generation < 0 && memberId === '' && instanceId === null) return 'UNKNOWN_MEMBER_ID';
  const error = group.check(memberId, instanceId);
  if (error !== 'NONE') return error;
  if (generation !== group.generation) return 'ILLEGAL_GENERATION';
  return group.phase === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
}

function isKnown(entry: StoredEntry | undefined, { topic, partition }: CommittedOffset): boolean {
  return entry?.offsets.get(topic)?.has(partition) ?? false;
}

function record(turn: Turn, request: CommitRequest, committed: CommittedOffset): void {
  const { topic, topicId, partition, offset, leaderEpoch, metadata } = committed;
  const committedMs = turn.now.wallMs;
  const expiresMs = request.retentionMs < 0 ? -1 : committedMs + request.retentionMs;
  const value = { offset, leaderEpoch, metadata, committedMs, expiresMs, topicId };
  turn.record({ kind: 'offset', groupId: request.groupId, topic, partition, value });
}

import type { Reply } from '../state-machine.js';
import type { StoredOffset } from './group-records.js';
import type { LiveGroup } from './live-group.js';
import type { DeleteOffsetsAnswer, DeleteOffsetsRequest, GroupError } from './requests.js';
import { CONSUMER_PROTOCOL_TYPE } from './subscription.js';
import type { Turn } from './turn.js';

/** What may be asked of a group that has no members in memory: it is empty. */
type GroupView = Pick<LiveGroup, 'phase' | 'protocolType' | 'sinceMs' | 'subscribedTopics'> & {
  readonly pendingIds: { readonly size: number };
  isSubscribedTo(topic: string): boolean;
};

function removeOffset(turn: Turn, groupId: string, topic: string, partition: number): void {
  turn.record({ kind: 'offset', groupId, topic, partition, value: null });
}

/** Everything that the log has of the group goes. */
export function removeGroup(turn: Turn, groupId: string): void {
  const entry = turn.stored.get(groupId);
  if (entry === undefined) return;
  for (const [topic, partitions] of entry.offsets) {
    for (const partition of partitions.keys()) removeOffset(turn, groupId, topic, partition);
  }
  if (entry.group !== null) turn.record({ kind: 'group', groupId, value: null });
}

/** DeleteGroups: only a group without members may go. */
export function decideDeleteGroup(
  turn: Turn,
  group: LiveGroup | undefined,
  groupId: string,
  reply: Reply<GroupError>,
): void {
  if (group === undefined && turn.stored.get(groupId) === undefined) turn.answer(reply, 'GROUP_ID_NOT_FOUND');
  else if (group !== undefined && group.phase !== 'Empty') turn.answer(reply, 'NON_EMPTY_GROUP');
  else {
    group?.pendingIds.clear();
    removeGroup(turn, groupId);
    turn.answer(reply, 'NONE');
  }
}

/** OffsetDelete: not for topics that the group reads now, and not from groups that keep more than offsets. */
export function decideDeleteOffsets(
  turn: Turn,
  group: LiveGroup | undefined,
  request: DeleteOffsetsRequest,
  reply: Reply<DeleteOffsetsAnswer>,
): void {
  const { groupId, partitions } = request;
  const entry = turn.stored.get(groupId);
  if (entry === undefined && group === undefined) {
    turn.answer(reply, { error: 'GROUP_ID_NOT_FOUND', partitions: [] });
    return;
  }
  if (group !== undefined && group.phase !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL_TYPE) {
    turn.answer(reply, { error: 'NON_EMPTY_GROUP', partitions: [] });
    return;
  }
  const errors = partitions.map(({ topic, partition }): GroupError => {
    if (group?.isSubscribedTo(topic) === true) return 'GROUP_SUBSCRIBED_TO_TOPIC';
    if (entry?.offsets.get(topic)?.has(partition) === true) removeOffset(turn, groupId, topic, partition);
    return 'NONE';
  });
  turn.answer(reply, { error: 'NONE', partitions: errors });
}

/** Topics were deleted: their offsets go, whoever is in the group. */
export function decideForgetTopics(turn: Turn, groupId: string, topics: ReadonlySet<string>, reply: Reply<void>): void {
  const entry = turn.stored.get(groupId);
  for (const topic of topics) {
    for (const partition of entry?.offsets.get(topic)?.keys() ?? []) removeOffset(turn, groupId, topic, partition);
  }
  turn.answer(reply, undefined);
}

/**
 * Removes offsets whose retention has passed (KIP-211), and an empty group that has no offset left.
 *
 * An empty group's offsets expire together, counted from when it became empty; those of a group without members from
 * their commits; those of a stable consumer group, too, but only where it does not subscribe to the topic any more.
 */
export function decideExpire(turn: Turn, groupId: string, group: GroupView | undefined): void {
  const entry = turn.stored.get(groupId);
  if (entry === undefined) return;
  let left = entry.offsetCount;
  for (const [topic, partitions] of entry.offsets) {
    if (group?.isSubscribedTo(topic) === true) continue;
    for (const [partition, stored] of partitions) {
      if (!isExpired(turn, group, stored)) continue;
      removeOffset(turn, groupId, topic, partition);
      left -= 1;
    }
  }
  const isEmpty = group === undefined || (group.phase === 'Empty' && group.pendingIds.size === 0);
  if (left === 0 && isEmpty && entry.group !== null) turn.record({ kind: 'group', groupId, value: null });
}

function isExpired(turn: Turn, group: GroupView | undefined, stored: StoredOffset): boolean {
  const fromMs = retentionStartsMs(group, stored);
  if (fromMs === undefined) return false;
  const { wallMs } = turn.now;
  return stored.expiresMs === -1 ? wallMs - fromMs >= turn.config.offsetsRetentionMs : wallMs >= stored.expiresMs;
}

/** Undefined: nothing of this group expires now. */
function retentionStartsMs(group: GroupView | undefined, stored: StoredOffset): number | undefined {
  if (group === undefined || group.protocolType === null) return stored.committedMs;
  if (group.phase === 'Empty') return group.sinceMs === -1 ? stored.committedMs : group.sinceMs;
  const isKnownConsumer = group.phase === 'Stable' && group.subscribedTopics !== undefined;
  return isKnownConsumer ? stored.committedMs : undefined;
}

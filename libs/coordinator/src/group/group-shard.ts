import { Deadlines } from '../deadlines.js';
import type { Now, StateMachine, Step } from '../state-machine.js';
import { decideCommit } from './commit.js';
import { type DescribedGroup, type ListedGroup, describeGroup, listGroup } from './describe.js';
import { decideDeleteGroup, decideDeleteOffsets, decideExpire, decideForgetTopics } from './expiry.js';
import type { GroupConfig } from './group-config.js';
import type { GroupRecord, StoredOffset } from './group-records.js';
import { decideJoin, joinRefused } from './join.js';
import { LiveGroup } from './live-group.js';
import { decideHeartbeat, decideLeave, decideTick } from './membership.js';
import { joinError, prepareRebalance, syncError } from './rebalance.js';
import type { GroupInput, JoinRequest } from './requests.js';
import { StoredGroups } from './stored-groups.js';
import { decideSync } from './sync.js';
import { Turn } from './turn.js';

type InputOf<Kind extends GroupInput['kind']> = Extract<GroupInput, { readonly kind: Kind }>;

/**
 * The consumer groups of one partition of `__consumer_offsets`, after the classic protocol: a state machine without
 * clock, dice or disk.
 *
 * Durable: `StoredGroups`, the sum of the records. Soft, gone with a restart as it is with Kafka: `LiveGroup`s (who
 * joins, who waits, deadlines, the generation in progress), which requests and ticks change at once.
 */
export class GroupShard implements StateMachine<GroupInput, GroupRecord> {
  readonly #stored = new StoredGroups();
  readonly #live = new Map<string, LiveGroup>();
  readonly #deadlines = new Deadlines();
  #expiryCheckMs: number | undefined;

  constructor(readonly config: GroupConfig) {}

  keyOf(input: GroupInput): string {
    return input.request.groupId;
  }

  /** Commits and heartbeats of one group go side by side: neither changes what the other reads. */
  modeOf(input: GroupInput): 'shared' | 'exclusive' {
    return input.kind === 'commit' || input.kind === 'heartbeat' ? 'shared' : 'exclusive';
  }

  replay(record: GroupRecord): void {
    this.#stored.replay(record);
  }

  /** Members that were there before have a fresh session; a group over its size is called together, so that it shrinks. */
  loaded(now: Now): void {
    this.#expiryCheckMs = now.monotonicMs + this.config.offsetsRetentionCheckIntervalMs;
    for (const groupId of this.#stored.ids()) {
      if ((this.#stored.get(groupId)?.group?.members.length ?? 0) === 0) continue;
      const group = this.#find(groupId, now);
      if (group === undefined) continue;
      if (group.members.size > this.config.groupSizeMax) prepareRebalance(this.#turn(now), group);
      this.#deadlines.set(groupId, group.nextDeadlineMs);
    }
  }

  decide(input: GroupInput, now: Now): Step<GroupRecord> {
    const turn = this.#turn(now);
    const { groupId } = input.request;
    this.#dispatch(turn, input);
    this.#settle(groupId, input.kind, turn);
    return turn;
  }

  nextDueMs(): number | undefined {
    const next = Math.min(this.#deadlines.next() ?? Infinity, this.#expiryCheckMs ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  due(now: Now): readonly GroupInput[] {
    const inputs: GroupInput[] = this.#deadlines
      .take(now.monotonicMs)
      .map((groupId) => ({ kind: 'tick', request: { groupId } }));
    if (this.#expiryCheckMs === undefined || this.#expiryCheckMs > now.monotonicMs) return inputs;
    this.#expiryCheckMs = now.monotonicMs + this.config.offsetsRetentionCheckIntervalMs;
    for (const groupId of this.#stored.ids()) inputs.push({ kind: 'expire', request: { groupId } });
    return inputs;
  }

  snapshot(): Iterable<GroupRecord> {
    return this.#stored.snapshot();
  }

  get entries(): number {
    return this.#stored.records;
  }

  /** Groups that have offsets of a topic of `topics`. */
  groupsWithOffsetsOf(topics: ReadonlySet<string>): readonly string[] {
    return [...this.#stored.ids()].filter((groupId) => {
      const offsets = this.#stored.get(groupId)?.offsets;
      return offsets !== undefined && [...topics].some((topic) => offsets.has(topic));
    });
  }

  /** What is committed, and only that. Undefined: nothing is. */
  offset(groupId: string, topic: string, partition: number): StoredOffset | undefined {
    return this.#stored.offset(groupId, topic, partition);
  }

  /** All committed offsets of a group by topic and partition. */
  offsets(groupId: string): ReadonlyMap<string, ReadonlyMap<number, StoredOffset>> {
    return this.#stored.get(groupId)?.offsets ?? new Map();
  }

  list(now: Now): readonly ListedGroup[] {
    const ids = new Set([...this.#stored.ids(), ...this.#live.keys()]);
    return [...ids].map((groupId) => listGroup(groupId, this.#peek(groupId, now)));
  }

  /** Undefined: there is no such group. */
  describe(groupId: string, now: Now): DescribedGroup | undefined {
    if (!this.#exists(groupId)) return undefined;
    return describeGroup(groupId, this.#peek(groupId, now), this.#stored);
  }

  #dispatch(turn: Turn, input: GroupInput): void {
    const { groupId } = input.request;
    const group = this.#find(groupId, turn.now);
    switch (input.kind) {
      case 'join':
        return this.#join(turn, group, input);
      case 'sync':
        if (groupId === '') return turn.answer(input.reply, syncError('INVALID_GROUP_ID'));
        if (group === undefined) return turn.answer(input.reply, syncError('UNKNOWN_MEMBER_ID'));
        return decideSync(turn, group, input.request, input.reply);
      case 'heartbeat':
        if (groupId === '') return turn.answer(input.reply, 'INVALID_GROUP_ID');
        if (group === undefined) return turn.answer(input.reply, 'UNKNOWN_MEMBER_ID');
        return decideHeartbeat(turn, group, input.request, input.reply);
      case 'leave':
        return this.#leave(turn, group, input);
      case 'commit':
        return this.#commit(turn, group, input);
      case 'delete-offsets':
        if (groupId === '') return turn.answer(input.reply, { error: 'INVALID_GROUP_ID', partitions: [] });
        return decideDeleteOffsets(turn, group, input.request, input.reply);
      case 'delete-group':
        return decideDeleteGroup(turn, group, groupId, input.reply);
      case 'forget-topics':
        return decideForgetTopics(turn, groupId, input.request.topics, input.reply);
      case 'expire':
        return decideExpire(turn, groupId, group);
      case 'tick':
        if (group !== undefined) decideTick(turn, group);
    }
  }

  #join(turn: Turn, known: LiveGroup | undefined, { request, reply }: InputOf<'join'>): void {
    const refused = joinRefused(turn, request);
    if (refused !== 'NONE') return turn.answer(reply, joinError(refused, request.memberId));
    const group = known ?? this.#create(request);
    if (group === 'full') return turn.answer(reply, joinError('POLICY_VIOLATION', ''));
    if (group === 'unknown') return turn.answer(reply, joinError('UNKNOWN_MEMBER_ID', request.memberId));
    return decideJoin(turn, group, request, reply);
  }

  /** Only a member without an id makes a group: one with an id must have got it from somewhere. */
  #create(request: JoinRequest): LiveGroup | 'full' | 'unknown' {
    if (request.memberId !== '') return 'unknown';
    if (this.#isFull(request.groupId)) return 'full';
    const group = new LiveGroup(request.groupId);
    this.#live.set(request.groupId, group);
    return group;
  }

  #leave(turn: Turn, group: LiveGroup | undefined, { request, reply }: InputOf<'leave'>): void {
    if (request.groupId === '') return turn.answer(reply, { error: 'INVALID_GROUP_ID', members: [] });
    if (group !== undefined) return decideLeave(turn, group, request, reply);
    const members = request.members.map((member) => ({ ...member, error: 'UNKNOWN_MEMBER_ID' as const }));
    return turn.answer(reply, { error: 'NONE', members });
  }

  #commit(turn: Turn, group: LiveGroup | undefined, { request, reply }: InputOf<'commit'>): void {
    if (this.#isFull(request.groupId)) turn.answer(reply, { error: 'POLICY_VIOLATION', offsets: [] });
    else decideCommit(turn, group, request, reply);
  }

  #isFull(groupId: string): boolean {
    return !this.#exists(groupId) && Math.max(this.#stored.size, this.#live.size) >= this.config.groupsMax;
  }

  #exists(groupId: string): boolean {
    return this.#live.has(groupId) || this.#stored.get(groupId) !== undefined;
  }

  /** The group as memory has it; made of what is stored when memory has let it go. */
  #find(groupId: string, now: Now): LiveGroup | undefined {
    const found = this.#peek(groupId, now);
    if (found !== undefined) this.#live.set(groupId, found);
    return found;
  }

  #peek(groupId: string, now: Now): LiveGroup | undefined {
    const live = this.#live.get(groupId);
    if (live !== undefined) return live;
    const stored = this.#stored.get(groupId)?.group;
    return stored ? LiveGroup.fromStored(groupId, stored, now.monotonicMs) : undefined;
  }

  /** Memory lets go of an empty group, all of which is stored; of others it knows when they want to be woken. */
  #settle(groupId: string, kind: GroupInput['kind'], turn: Turn): void {
    const group = this.#live.get(groupId);
    if (group === undefined) return;
    const changesGroup = turn.records.some((record) => record.kind === 'group' && record.value !== null);
    if (group.phase === 'Empty' && group.pendingIds.size === 0 && !changesGroup) {
      this.#live.delete(groupId);
      this.#deadlines.set(groupId, undefined);
    } else if (kind !== 'heartbeat' && kind !== 'commit') this.#deadlines.set(groupId, group.nextDeadlineMs);
  }

  #turn(now: Now): Turn {
    return new Turn(this.config, this.#stored, now);
  }
}

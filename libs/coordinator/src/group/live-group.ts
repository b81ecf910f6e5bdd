import { bytesEqual, invariant } from '@trunkline/kernel';
import type { StoredGroup } from './group-records.js';
import { type LiveMember, memberOfStored, metadataFor, protocolBytes } from './live-member.js';
import type { MemberProtocol } from './requests.js';
import { CONSUMER_PROTOCOL_TYPE, unionOfTopics } from './subscription.js';

/** Where a group is, by the names that DescribeGroups and ListGroups show. */
export type GroupPhase = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

/** The first rebalance of an empty group waits a while for more members. */
export interface InitialDelay {
  remainingMs: number;
  readonly stepMs: number;
  memberAdded: boolean;
}

/**
 * A group as memory has it: members with all they said, who waits for what, deadlines, the generation in progress.
 *
 * Soft state. What must survive stands in `StoredGroups`; after a restart this is built from it (`fromStored`), and
 * what was in progress is gone, as it is with Kafka.
 */
export class LiveGroup {
  phase: GroupPhase = 'Empty';
  generation = 0;
  protocolType: string | null = null;
  protocol: string | null = null;
  leader: string | null = null;
  /** Since when it is in this phase, milliseconds since 1970. */
  sinceMs = -1;
  /** In the order in which they came. */
  readonly members = new Map<string, LiveMember>();
  /** Member ids that were given out and have not come back yet, with the monotonic time when they expire. */
  readonly pendingIds = new Map<string, number>();
  /** Members of this generation that have not asked for their assignment. */
  readonly pendingSync = new Set<string>();
  /** Undefined: cannot be told. */
  subscribedTopics: ReadonlySet<string> | undefined;
  joinDeadlineMs: number | undefined;
  syncDeadlineMs: number | undefined;
  /** There while the rebalance in progress is the first of an empty group. */
  initialDelay: InitialDelay | undefined;
  readonly #staticIds = new Map<string, string>();
  readonly #speakers = new Map<string, number>();
  #protocolBytes = 0;

  constructor(readonly groupId: string) {}

  static fromStored(groupId: string, stored: StoredGroup, nowMs: number): LiveGroup {
    const group = new LiveGroup(groupId);
    group.generation = stored.generation;
    group.protocolType = stored.protocolType === '' ? null : stored.protocolType;
    group.protocol = stored.protocol;
    group.sinceMs = stored.sinceMs;
    for (const member of stored.members) group.add(memberOfStored(member, stored.protocol ?? '', nowMs));
    group.leader = stored.leader;
    group.phase = stored.members.length === 0 ? 'Empty' : 'Stable';
    group.updateSubscribedTopics();
    return group;
  }

  enter(phase: GroupPhase, wallMs: number): void {
    this.phase = phase;
    this.sinceMs = wallMs;
  }

  /** The first member makes the group's protocol type and leads it until the next election. */
  add(member: LiveMember): void {
    invariant(!this.members.has(member.memberId), 'a member joins its group once');
    this.members.set(member.memberId, member);
    this.#countProtocols(member.protocols, 1);
    this.leader ??= member.memberId;
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.memberId);
    this.pendingIds.delete(member.memberId);
  }

  /** Takes the member out; the longest-standing one leads in its place. Whoever it let wait is the caller's to answer. */
  remove(memberId: string): LiveMember | undefined {
    const member = this.members.get(memberId);
    if (member !== undefined) this.#countProtocols(member.protocols, -1);
    if (member !== undefined && member.instanceId !== null) this.#staticIds.delete(member.instanceId);
    this.members.delete(memberId);
    this.pendingIds.delete(memberId);
    this.pendingSync.delete(memberId);
    if (this.leader === memberId) this.leader = this.members.keys().next().value ?? null;
    return member;
  }

  /** Gives a static member that came back a new id, in its old place. The old one is fenced from here on. */
  replace(old: LiveMember, memberId: string): LiveMember {
    const renewed: LiveMember = { ...old, memberId, isNew: false, awaitingJoin: undefined, awaitingSync: undefined };
    const members = [...this.members.values()].map((member) => (member === old ? renewed : member));
    this.members.clear();
    for (const member of members) this.members.set(member.memberId, member);
    if (this.leader === old.memberId) this.leader = memberId;
    if (this.pendingSync.delete(old.memberId)) this.pendingSync.add(memberId);
    invariant(old.instanceId !== null, 'only static members are replaced');
    this.#staticIds.set(old.instanceId, memberId);
    return renewed;
  }

  /** The member has other protocols from here on. */
  setProtocols(member: LiveMember, protocols: readonly MemberProtocol[]): void {
    this.#countProtocols(member.protocols, -1);
    member.protocols = protocols;
    this.#countProtocols(protocols, 1);
  }

  /** Bytes of all that all members said. */
  get protocolBytes(): number {
    return this.#protocolBytes;
  }

  /** The member id that a static member has now. */
  idOfInstance(instanceId: string): string | undefined {
    return this.#staticIds.get(instanceId);
  }

  /** Whether `memberId`, under `instanceId` if it has one, is a member: the error says why not. */
  check(memberId: string, instanceId: string | null): 'NONE' | 'UNKNOWN_MEMBER_ID' | 'FENCED_INSTANCE_ID' {
    if (instanceId !== null) {
      const current = this.#staticIds.get(instanceId);
      if (current === undefined) return 'UNKNOWN_MEMBER_ID';
      if (current !== memberId) return 'FENCED_INSTANCE_ID';
    }
    return this.members.has(memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID';
  }

  get awaitingJoinCount(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.awaitingJoin !== undefined) count += 1;
    return count;
  }

  /** All known members wait for the join to end, and nobody was told to come back with an id. */
  get allJoined(): boolean {
    if (this.pendingIds.size > 0) return false;
    for (const member of this.members.values()) if (member.awaitingJoin === undefined) return false;
    return true;
  }

  /** The slowest member's. */
  get rebalanceTimeoutMs(): number {
    let slowest = 0;
    for (const { rebalanceTimeoutMs } of this.members.values()) slowest = Math.max(slowest, rebalanceTimeoutMs);
    return slowest;
  }

  /** Whether a member of this type and these protocols could be in the group together with those who are. */
  accepts(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.phase === 'Empty') return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    return protocols.some(({ name }) => this.#isCommon(name));
  }

  /** Each member votes for the first of its protocols that all can speak; of equals the longest-standing voter's wins. */
  electProtocol(): string {
    const votes = new Map<string, number>();
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => this.#isCommon(name))?.name;
      invariant(choice !== undefined, 'all members have a protocol in common');
      votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let winner: string | undefined;
    for (const [name, count] of votes) if (winner === undefined || count > votes.get(winner)!) winner = name;
    invariant(winner !== undefined, 'a protocol is elected by members');
    return winner;
  }

  updateSubscribedTopics(): void {
    if (this.protocolType !== CONSUMER_PROTOCOL_TYPE) this.subscribedTopics = undefined;
    else this.subscribedTopics = unionOfTopics([...this.members.values()].map((m) => metadataFor(m, this.protocol)));
  }

  /** A consumer group whose subscriptions cannot be read counts as subscribed to everything. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  /** When the group has to be looked at again, monotonic; undefined when nothing can run out. */
  get nextDeadlineMs(): number | undefined {
    let next = Math.min(this.joinDeadlineMs ?? Infinity, this.syncDeadlineMs ?? Infinity);
    for (const atMs of this.pendingIds.values()) next = Math.min(next, atMs);
    for (const { sessionDeadlineMs } of this.members.values()) next = Math.min(next, sessionDeadlineMs ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  /** All members can speak it. */
  #isCommon(protocol: string): boolean {
    return this.#speakers.get(protocol) === this.members.size;
  }

  #countProtocols(protocols: readonly MemberProtocol[], by: 1 | -1): void {
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      const count = (this.#speakers.get(name) ?? 0) + by;
      if (count === 0) this.#speakers.delete(name);
      else this.#speakers.set(name, count);
    }
    this.#protocolBytes += by * protocolBytes(protocols);
  }
}

/** Whether both say the same, in the same order of liking. */
export function sameProtocols(left: readonly MemberProtocol[], right: readonly MemberProtocol[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, metadata }, at) => name === right[at]!.name && bytesEqual(metadata, right[at]!.metadata))
  );
}

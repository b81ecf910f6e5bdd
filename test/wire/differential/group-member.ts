import { utf8 } from '@trunkline/kernel';
import {
  type Decoded,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  SyncGroup,
  encodeAssignment,
  encodeSubscription,
} from '@trunkline/protocol';
import type { RawClient } from '@trunkline/testing';
import type { Conversation } from './conversation.js';
import { makeGroup } from './topics.js';

/** What a consumer of these topics brings to JoinGroup. */
export const subscription = (...topics: string[]): Uint8Array => encodeSubscription(1, { topics, userData: null });

/** What a leader hands out. */
export const assignment = (topic: string, ...partitions: number[]): Uint8Array =>
  encodeAssignment(1, { assignedPartitions: [{ topic, partitions }], userData: null });

export interface JoinWish {
  readonly version?: number;
  readonly memberId?: string;
  readonly instanceId?: string | null;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly (readonly [name: string, metadata: Uint8Array | string])[];
}

/** One member of a group over one connection. Every answer is kept; what it learns is used in what it asks next. */
export class Member {
  memberId = '';
  generationId = -1;

  private constructor(
    private readonly on: Conversation,
    readonly client: RawClient,
    readonly groupId: string,
    readonly label: string,
    private readonly instanceId: string | null,
  ) {}

  static async of(on: Conversation, groupId: string, label: string, instanceId: string | null = null): Promise<Member> {
    return new Member(on, await on.connect(), groupId, label, instanceId);
  }

  /** The first member of a new group, joined and synced. */
  static async alone(on: Conversation, base: string, wish: JoinWish = {}): Promise<Member> {
    const groupId = await makeGroup(on, await on.connect(), base);
    const member = await Member.of(on, groupId, 'first', wish.instanceId ?? null);
    await member.join(wish);
    await member.sync();
    return member;
  }

  /** Joins, asking twice where the version wants the member id first. */
  async join(wish: JoinWish = {}): Promise<Decoded<(typeof JoinGroup)['response']> | undefined> {
    const first = await this.joinOnce(wish);
    return first?.errorCode === 79 ? this.joinOnce(wish) : first;
  }

  async joinOnce(wish: JoinWish = {}): Promise<Decoded<(typeof JoinGroup)['response']> | undefined> {
    const version = wish.version ?? 5;
    const protocols = (wish.protocols ?? [['range', subscription('t')]]).map(([name, metadata]) => ({
      name,
      metadata: typeof metadata === 'string' ? utf8(metadata) : metadata,
    }));
    const answer = await this.on.ask(this.client, `${this.label} joins`, JoinGroup, version, {
      groupId: this.groupId,
      sessionTimeoutMs: wish.sessionTimeoutMs ?? 30_000,
      rebalanceTimeoutMs: wish.rebalanceTimeoutMs ?? 30_000,
      memberId: wish.memberId ?? this.memberId,
      groupInstanceId: version < 5 ? null : wish.instanceId === undefined ? this.instanceId : wish.instanceId,
      protocolType: wish.protocolType ?? 'consumer',
      protocols,
    });
    if (answer?.errorCode === 0 || answer?.errorCode === 79) {
      this.memberId = answer.memberId;
      if (answer.errorCode === 0) this.generationId = answer.generationId;
    }
    return answer;
  }

  /** Syncs; members given here get what stands beside them, as a leader says. */
  async sync(assigned: readonly (readonly [string, Uint8Array])[] = [], wish: SyncWish = {}) {
    const version = wish.version ?? 3;
    return this.on.ask(this.client, `${this.label} syncs`, SyncGroup, version, {
      groupId: this.groupId,
      generationId: wish.generationId ?? this.generationId,
      memberId: wish.memberId ?? this.memberId,
      groupInstanceId: version < 3 ? null : (wish.instanceId ?? this.instanceId),
      protocolType: wish.protocolType ?? null,
      protocolName: wish.protocolName ?? null,
      assignments: assigned.map(([memberId, bytes]) => ({ memberId, assignment: bytes })),
    });
  }

  async heartbeat(label = 'beats', wish: SyncWish = {}) {
    const version = wish.version ?? 3;
    return this.on.ask(this.client, `${this.label} ${label}`, Heartbeat, version, {
      groupId: this.groupId,
      generationId: wish.generationId ?? this.generationId,
      memberId: wish.memberId ?? this.memberId,
      groupInstanceId: version < 3 ? null : (wish.instanceId ?? this.instanceId),
    });
  }

  async leave(label = 'leaves') {
    const members = [{ memberId: this.memberId, groupInstanceId: this.instanceId }];
    return this.on.ask(this.client, `${this.label} ${label}`, LeaveGroup, 3, { groupId: this.groupId, members });
  }
}

interface SyncWish {
  readonly version?: number;
  readonly generationId?: number;
  readonly memberId?: string;
  readonly instanceId?: string;
  readonly protocolType?: string;
  readonly protocolName?: string;
}

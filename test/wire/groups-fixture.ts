import { type Uuid, utf8 } from '@trunkline/kernel';
import {
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  OffsetCommit,
  OffsetFetch,
  SyncGroup,
  encodeBody,
  ConsumerProtocolSubscription,
  errorName,
} from '@trunkline/protocol';
import { concatBytes } from '@trunkline/kernel';
import { type TestBroker, type TestBrokerOptions, startTestBroker } from '@trunkline/testing';
import type { Sender } from './data-fixture.js';

export const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid;

/** A broker for tests of groups: few partitions of `__consumer_offsets`, sessions as short as they may be. */
export async function startGroupBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const config = { 'offsets.topic.num.partitions': '3', 'auto.create.topics.enable': 'false', ...options.config };
  const broker = await startTestBroker({ ...options, config });
  await broker.broker.parts.groups.find('g', 'PLAINTEXT');
  return broker;
}

/** What consumers say of themselves when they join: version 0 of their protocol. */
export function subscription(topics: readonly string[]): Uint8Array {
  const body = concatBytes(encodeBody(ConsumerProtocolSubscription, 0, { topics: [...topics], userData: null }));
  return concatBytes([new Uint8Array(2), body]);
}

export interface JoinWish {
  readonly version?: number;
  readonly group?: string;
  readonly memberId?: string;
  readonly instanceId?: string | null;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly { readonly name: string; readonly metadata: Uint8Array }[];
}

/** Joins once; the error by name. */
export async function join(at: Sender, wish: JoinWish = {}) {
  const version = wish.version ?? 3;
  const answer = await at.send(JoinGroup, version, {
    groupId: wish.group ?? 'g',
    sessionTimeoutMs: wish.sessionTimeoutMs ?? 10_000,
    rebalanceTimeoutMs: wish.rebalanceTimeoutMs ?? 20_000,
    memberId: wish.memberId ?? '',
    ...(version >= 5 ? { groupInstanceId: wish.instanceId ?? null } : {}),
    protocolType: wish.protocolType ?? 'consumer',
    protocols: [...(wish.protocols ?? [{ name: 'range', metadata: subscription(['t']) }])],
  });
  return { ...answer, error: errorName(answer.errorCode) };
}

/** Joins with an id, which it gets first where the version wants it so. */
export async function joinFully(at: Sender, wish: JoinWish = {}) {
  const first = await join(at, wish);
  return first.error === 'MEMBER_ID_REQUIRED' ? join(at, { ...wish, memberId: first.memberId }) : first;
}

export interface MemberWish {
  readonly version?: number;
  readonly group?: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly instanceId?: string | null;
}

export async function sync(at: Sender, wish: MemberWish, assignments: Readonly<Record<string, string>> = {}) {
  const version = wish.version ?? 3;
  const answer = await at.send(SyncGroup, version, {
    groupId: wish.group ?? 'g',
    generationId: wish.generationId,
    memberId: wish.memberId,
    ...(version >= 3 ? { groupInstanceId: wish.instanceId ?? null } : {}),
    ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
    assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: utf8(text) })),
  });
  return { ...answer, error: errorName(answer.errorCode), text: new TextDecoder().decode(answer.assignment) };
}

export async function heartbeat(at: Sender, wish: MemberWish): Promise<string> {
  const version = wish.version ?? 3;
  const { errorCode } = await at.send(Heartbeat, version, {
    groupId: wish.group ?? 'g',
    generationId: wish.generationId,
    memberId: wish.memberId,
    ...(version >= 3 ? { groupInstanceId: wish.instanceId ?? null } : {}),
  });
  return errorName(errorCode);
}

export async function leave(at: Sender, memberId: string, group = 'g', version = 2): Promise<string> {
  const members = [{ memberId, groupInstanceId: null }];
  const answer = await at.send(
    LeaveGroup,
    version,
    version < 3 ? { groupId: group, memberId } : { groupId: group, members },
  );
  return errorName(answer.errorCode !== 0 ? answer.errorCode : (answer.members[0]?.errorCode ?? 0));
}

export interface CommitWish {
  readonly version?: number;
  readonly group?: string;
  readonly generationId?: number;
  readonly memberId?: string;
  readonly retentionMs?: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string | null;
}

/** Commits one offset a place (`t/0`), and gives the errors by name in their order. */
export async function commit(
  at: Sender,
  offsets: Readonly<Record<string, number>>,
  wish: CommitWish = {},
): Promise<string[]> {
  const version = wish.version ?? 8;
  const answer = await at.send(OffsetCommit, version, {
    groupId: wish.group ?? 'g',
    generationIdOrMemberEpoch: wish.generationId ?? -1,
    memberId: wish.memberId ?? '',
    ...(version <= 4 ? { retentionTimeMs: BigInt(wish.retentionMs ?? -1) } : {}),
    topics: Object.entries(offsets).map(([place, offset]) => ({
      name: place.split('/')[0]!,
      partitions: [
        {
          partitionIndex: Number(place.split('/')[1]),
          committedOffset: BigInt(offset),
          ...(version >= 6 ? { committedLeaderEpoch: wish.leaderEpoch ?? -1 } : {}),
          committedMetadata: wish.metadata === undefined ? '' : wish.metadata,
        },
      ],
    })),
  });
  return answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)));
}

/** What a group has committed for a partition, as version 7 tells it; the group's error by name when it has one. */
export async function fetched(at: Sender, place: string, group = 'g') {
  const [name = '', index = '0'] = place.split('/');
  const topics = [{ name, partitionIndexes: [Number(index)] }];
  const answer = await at.send(OffsetFetch, 7, { groupId: group, topics, requireStable: true });
  if (answer.errorCode !== 0) return errorName(answer.errorCode);
  const { committedOffset, committedLeaderEpoch, metadata } = answer.topics[0]!.partitions[0]!;
  return { offset: Number(committedOffset), leaderEpoch: committedLeaderEpoch, metadata };
}

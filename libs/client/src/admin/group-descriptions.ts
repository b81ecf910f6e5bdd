import type { Uuid } from '@trunkline/kernel';
import {
  ConsumerGroupDescribe,
  type Decoded,
  DescribeGroups,
  ShareGroupDescribe,
  decodeAssignment,
} from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import { type AclOperation, operationsOf } from './acl-words.js';
import type { CallOptions } from './admin-options.js';
import type { Call } from './call.js';
import { type GroupState, groupState } from './group-words.js';
import { GROUP } from './keys.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { toCoordinators } from './routes.js';

export interface DescribeGroupsOptions extends CallOptions {
  /** Also what the caller may do with each group; false. */
  readonly includeAuthorizedOperations?: boolean;
}

/** What all kinds of groups have. */
export interface GroupBasics {
  readonly groupId: string;
  readonly state: GroupState;
  /** undefined: it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

export interface ClassicGroupMember {
  readonly memberId: string;
  /** undefined: not a static member. */
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  /** undefined: the group is no group of consumers, or what the leader sent is not theirs. */
  readonly assignment: readonly TopicPartition[] | undefined;
  /** What the member brought and got, as bytes: of consumers, Connect workers and whoever else. */
  readonly metadataBytes: Uint8Array;
  readonly assignmentBytes: Uint8Array;
}

export interface ClassicGroupDescription extends GroupBasics {
  readonly type: 'classic';
  /** `consumer`, `connect` ...; empty for a group that only holds offsets. */
  readonly protocolType: string;
  /** The assignor that was chosen: `range`; empty while there is none. */
  readonly protocol: string;
  readonly members: readonly ClassicGroupMember[];
}

export interface AssignedTopic {
  readonly topicId: Uuid;
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface ShareGroupMember {
  readonly memberId: string;
  readonly rackId: string | undefined;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopics: readonly string[];
  readonly assignment: readonly AssignedTopic[];
}

export interface ConsumerGroupMember extends ShareGroupMember {
  readonly groupInstanceId: string | undefined;
  readonly subscribedRegex: string | undefined;
  /** What it shall own once everybody gave up what is no longer theirs. */
  readonly targetAssignment: readonly AssignedTopic[];
  /** Which protocol the member speaks; undefined: the broker does not tell (before 4.0). */
  readonly protocol: 'classic' | 'consumer' | undefined;
}

interface EpochGroup<Member> extends GroupBasics {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  readonly members: readonly Member[];
}

export interface ConsumerGroupDescription extends EpochGroup<ConsumerGroupMember> {
  readonly type: 'consumer';
}

export interface ShareGroupDescription extends EpochGroup<ShareGroupMember> {
  readonly type: 'share';
}

/** A group that is not there is GROUP_ID_NOT_FOUND with every version: brokers before 4.0 call it dead. */
export function describeClassicGroups(
  call: Call,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Outcomes<string, ClassicGroupDescription>> {
  const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
  return perform<string, ClassicGroupDescription>(call, {
    kind: GROUP,
    keys: groupIds,
    route: toCoordinators(call, 'group', (groupId) => groupId),
    ask: async ({ target, keys }, rounds) => {
      const { body } = await call.ask(target, DescribeGroups, (version) =>
        version >= 3 ? { groups: keys, includeAuthorizedOperations } : { groups: keys },
      );
      for (const group of body.groups) {
        rounds.answer(group.groupId, group.errorCode, group.errorMessage, () => classicGroup(group));
      }
    },
  });
}

export function describeConsumerGroups(
  call: Call,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Outcomes<string, ConsumerGroupDescription>> {
  return perform<string, ConsumerGroupDescription>(call, {
    kind: GROUP,
    keys: groupIds,
    route: toCoordinators(call, 'group', (groupId) => groupId),
    ask: async ({ target, keys }, rounds) => {
      const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
      const { body } = await call.ask(target, ConsumerGroupDescribe, { groupIds: keys, includeAuthorizedOperations });
      for (const group of body.groups) {
        rounds.answer(group.groupId, group.errorCode, group.errorMessage, () => ({
          ...epochGroup(group),
          type: 'consumer',
          members: group.members.map((member) => ({
            ...shareMember(member),
            groupInstanceId: member.instanceId ?? undefined,
            subscribedRegex: member.subscribedTopicRegex ?? undefined,
            targetAssignment: assignedTopics(member.targetAssignment),
            protocol: MEMBER_PROTOCOLS[member.memberType],
          })),
        }));
      }
    },
  });
}

export function describeShareGroups(
  call: Call,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Outcomes<string, ShareGroupDescription>> {
  return perform<string, ShareGroupDescription>(call, {
    kind: GROUP,
    keys: groupIds,
    route: toCoordinators(call, 'group', (groupId) => groupId),
    ask: async ({ target, keys }, rounds) => {
      const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
      const { body } = await call.ask(target, ShareGroupDescribe, { groupIds: keys, includeAuthorizedOperations });
      for (const group of body.groups) {
        rounds.answer(group.groupId, group.errorCode, group.errorMessage, () => ({
          ...epochGroup(group),
          type: 'share',
          members: group.members.map(shareMember),
        }));
      }
    },
  });
}

const MEMBER_PROTOCOLS: Readonly<Record<number, 'classic' | 'consumer'>> = { 0: 'classic', 1: 'consumer' };

type Classic = Decoded<typeof DescribeGroups.response>['groups'][number];
type Share = Decoded<typeof ShareGroupDescribe.response>['groups'][number];
type ShareMember = Share['members'][number];

function classicGroup(group: Classic): ClassicGroupDescription {
  const { groupId, protocolType, protocolData } = group;
  const state = groupState(group.groupState);
  if (state === 'Dead')
    throw new KafkaError('GROUP_ID_NOT_FOUND', 'there is no such group', { about: GROUP.text(groupId) });
  return {
    type: 'classic',
    groupId,
    state,
    protocolType,
    protocol: protocolData,
    authorizedOperations: operationsOf(group.authorizedOperations),
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId ?? undefined,
      clientId: member.clientId,
      clientHost: member.clientHost,
      assignment: protocolType === 'consumer' ? consumerAssignment(member.memberAssignment) : undefined,
      metadataBytes: new Uint8Array(member.memberMetadata),
      assignmentBytes: new Uint8Array(member.memberAssignment),
    })),
  };
}

/** What another client wrote: it may be anything. */
function consumerAssignment(bytes: Uint8Array): readonly TopicPartition[] | undefined {
  if (bytes.length === 0) return [];
  try {
    return decodeAssignment(bytes).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    return undefined;
  }
}

type Epochs = Pick<
  Share,
  'groupId' | 'groupState' | 'groupEpoch' | 'assignmentEpoch' | 'assignorName' | 'authorizedOperations'
>;

function epochGroup(group: Epochs): Omit<EpochGroup<never>, 'members'> {
  return {
    groupId: group.groupId,
    state: groupState(group.groupState),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignor: group.assignorName,
    authorizedOperations: operationsOf(group.authorizedOperations),
  };
}

function shareMember(member: ShareMember): ShareGroupMember {
  return {
    memberId: member.memberId,
    rackId: member.rackId ?? undefined,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopics: member.subscribedTopicNames,
    assignment: assignedTopics(member.assignment),
  };
}

function assignedTopics({ topicPartitions }: ShareMember['assignment']): readonly AssignedTopic[] {
  return topicPartitions.map(({ topicId, topicName, partitions }) => ({ topicId, topic: topicName, partitions }));
}

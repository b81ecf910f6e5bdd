import { type Decoded, StreamsGroupDescribe } from '@trunkline/protocol';
import type { Call } from './call.js';
import { operationsOf } from './acl-words.js';
import type { DescribeGroupsOptions, GroupBasics } from './group-descriptions.js';
import { groupState } from './group-words.js';
import { GROUP } from './keys.js';
import { whole } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { toCoordinators } from './routes.js';

export interface StreamsTasks {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

export interface StreamsAssignment {
  readonly active: readonly StreamsTasks[];
  readonly standby: readonly StreamsTasks[];
  readonly warmup: readonly StreamsTasks[];
}

export interface StreamsTaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface StreamsGroupMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly groupInstanceId: string | undefined;
  readonly rackId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topologyEpoch: number;
  readonly processId: string;
  /** Where it answers interactive queries. */
  readonly userEndpoint: { readonly host: string; readonly port: number } | undefined;
  readonly clientTags: ReadonlyMap<string, string>;
  readonly taskOffsets: readonly StreamsTaskOffset[];
  readonly taskEndOffsets: readonly StreamsTaskOffset[];
  readonly assignment: StreamsAssignment;
  readonly targetAssignment: StreamsAssignment;
  /** Whether it speaks the classic protocol. */
  readonly isClassic: boolean;
}

export interface StreamsSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly stateChangelogTopics: readonly StreamsInternalTopic[];
  readonly repartitionSourceTopics: readonly StreamsInternalTopic[];
}

export interface StreamsInternalTopic {
  readonly name: string;
  /** 0: as many as its source. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

export interface StreamsGroupDescription extends GroupBasics {
  readonly type: 'streams';
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** undefined: no member told one yet. */
  readonly topology: { readonly epoch: number; readonly subtopologies: readonly StreamsSubtopology[] } | undefined;
  readonly members: readonly StreamsGroupMember[];
}

export function describeStreamsGroups(
  call: Call,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Outcomes<string, StreamsGroupDescription>> {
  return perform<string, StreamsGroupDescription>(call, {
    kind: GROUP,
    keys: groupIds,
    route: toCoordinators(call, 'group', (groupId) => groupId),
    ask: async ({ target, keys }, rounds) => {
      const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
      const { body } = await call.ask(target, StreamsGroupDescribe, { groupIds: keys, includeAuthorizedOperations });
      for (const group of body.groups) {
        rounds.answer(group.groupId, group.errorCode, group.errorMessage, () => streamsGroup(group));
      }
    },
  });
}

type Group = Decoded<typeof StreamsGroupDescribe.response>['groups'][number];
type Member = Group['members'][number];
type Subtopology = NonNullable<NonNullable<Group['topology']>['subtopologies']>[number];
type InternalTopic = Subtopology['stateChangelogTopics'][number];

function streamsGroup(group: Group): StreamsGroupDescription {
  const { topology } = group;
  return {
    type: 'streams',
    groupId: group.groupId,
    state: groupState(group.groupState),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    authorizedOperations: operationsOf(group.authorizedOperations),
    topology:
      topology === null
        ? undefined
        : { epoch: topology.epoch, subtopologies: (topology.subtopologies ?? []).map(subtopology) },
    members: group.members.map(streamsMember),
  };
}

function subtopology(part: Subtopology): StreamsSubtopology {
  return {
    subtopologyId: part.subtopologyId,
    sourceTopics: part.sourceTopics,
    repartitionSinkTopics: part.repartitionSinkTopics,
    stateChangelogTopics: part.stateChangelogTopics.map(internalTopic),
    repartitionSourceTopics: part.repartitionSourceTopics.map(internalTopic),
  };
}

function internalTopic({ name, partitions, replicationFactor, topicConfigs }: InternalTopic): StreamsInternalTopic {
  return { name, partitions, replicationFactor, configs: pairs(topicConfigs) };
}

function streamsMember(member: Member): StreamsGroupMember {
  const { memberId, memberEpoch, clientId, clientHost, topologyEpoch, processId, isClassic } = member;
  return {
    memberId,
    memberEpoch,
    clientId,
    clientHost,
    topologyEpoch,
    processId,
    isClassic,
    groupInstanceId: member.instanceId ?? undefined,
    rackId: member.rackId ?? undefined,
    userEndpoint: member.userEndpoint ?? undefined,
    clientTags: pairs(member.clientTags),
    taskOffsets: member.taskOffsets.map(taskOffset),
    taskEndOffsets: member.taskEndOffsets.map(taskOffset),
    assignment: assignment(member.assignment),
    targetAssignment: assignment(member.targetAssignment),
  };
}

function taskOffset({ subtopologyId, partition, offset }: Member['taskOffsets'][number]): StreamsTaskOffset {
  return { subtopologyId, partition, offset: whole(offset, "a task's offset") };
}

function assignment({ activeTasks, standbyTasks, warmupTasks }: Member['assignment']): StreamsAssignment {
  return { active: activeTasks, standby: standbyTasks, warmup: warmupTasks };
}

function pairs(entries: readonly { readonly key: string; readonly value: string }[]): ReadonlyMap<string, string> {
  return new Map(entries.map(({ key, value }) => [key, value]));
}

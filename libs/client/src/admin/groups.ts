import { DeleteGroups, type Encodable, LeaveGroup, ListGroups } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import {
  type ClassicGroupDescription,
  type ConsumerGroupDescription,
  type DescribeGroupsOptions,
  type ShareGroupDescription,
  describeClassicGroups,
  describeConsumerGroups,
  describeShareGroups,
} from './group-descriptions.js';
import {
  type NewGroupOffset,
  type GroupOffsets,
  type GroupOffsetsQuery,
  type ListGroupOffsetsOptions,
  alterGroupOffsets,
  deleteGroupOffsets,
  listGroupOffsets,
} from './group-offsets.js';
import { type GroupState, type GroupType, groupState, groupType } from './group-words.js';
import { BROKER, GROUP } from './keys.js';
import { nothing } from './numbers.js';
import { type KeyKind, type Outcome, Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { liveBrokers, toCoordinators, toNodes } from './routes.js';
import { type StreamsGroupDescription, describeStreamsGroups } from './streams-group.js';

export interface GroupListing {
  readonly groupId: string;
  /** `consumer`, `connect`, `share` ...; empty for a group that only holds offsets. */
  readonly protocolType: string;
  /** `Unknown` with brokers before 2.6. */
  readonly state: GroupState;
  /** undefined with brokers before 3.8. */
  readonly type: GroupType | undefined;
}

export interface ListGroupsOptions extends CallOptions {
  /** Only groups in these states; all. Brokers from 2.6 on. */
  readonly states?: readonly GroupState[];
  /** Only groups of these types; all. Brokers from 3.8 on. */
  readonly types?: readonly GroupType[];
}

export type GroupDescription =
  ClassicGroupDescription | ConsumerGroupDescription | ShareGroupDescription | StreamsGroupDescription;

/** A member to be removed: a static one by its instance id, any one by its member id. */
export type MemberToRemove = { readonly groupInstanceId: string } | { readonly memberId: string };

export interface RemoveMembersOptions extends CallOptions {
  /** What the broker writes into its log (brokers from 3.2 on). */
  readonly reason?: string;
}

/** Groups of every kind: classic, consumer, share and streams. Each is asked of its coordinator. */
export class AdminGroups {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** The groups of all brokers, by rising id. Rejects when a broker does not answer: a list with gaps would look whole. */
  async list(options: ListGroupsOptions = {}): Promise<readonly GroupListing[]> {
    const byBroker = await this.listByBroker(options);
    // A group that moves meanwhile is told twice, or by both of its coordinators.
    const byId = new Map(byBroker.values().flatMap((groups) => groups.map((group) => [group.groupId, group] as const)));
    return [...byId.values()].toSorted((left, right) => (left.groupId < right.groupId ? -1 : 1));
  }

  /** The groups that each broker coordinates; a broker that does not answer has its error. */
  async listByBroker(options: ListGroupsOptions = {}): Promise<Outcomes<number, readonly GroupListing[]>> {
    const call = new Call(this.#scope, options);
    const { states = [], types = [] } = options;
    const versionMin = types.length > 0 ? WITH_TYPES : states.length > 0 ? WITH_STATES : 0;
    return perform<number, readonly GroupListing[]>(call, {
      kind: BROKER,
      keys: await liveBrokers(call),
      route: toNodes((nodeId) => nodeId),
      ask: async ({ target, keys }, rounds) => {
        const filters = (version: number): Encodable<typeof ListGroups.request> => ({
          ...(version >= WITH_STATES && { statesFilter: states }),
          ...(version >= WITH_TYPES && { typesFilter: types }),
        });
        const { body } = await call.ask(target, ListGroups, filters, { versionMin });
        rounds.answer(keys[0]!, body.errorCode, null, () =>
          body.groups.map((group) => ({
            groupId: group.groupId,
            protocolType: group.protocolType,
            state: groupState(group.groupState),
            type: groupType(group.groupType),
          })),
        );
      },
    });
  }

  /** Groups of whatever type. Each type that the brokers know is tried for those that are none of the types before. */
  async describe(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): Promise<Outcomes<string, GroupDescription>> {
    const call = new Call(this.#scope, options);
    const found = new Map<string, Outcome<GroupDescription>>();
    let open = groupIds;
    for (const describe of [
      describeConsumerGroups,
      describeShareGroups,
      describeStreamsGroups,
      describeClassicGroups,
    ]) {
      if (open.length === 0) break;
      const isLast = describe === describeClassicGroups;
      const outcomes: Outcomes<string, GroupDescription> | undefined = await describe(call, open, options).catch(
        (error: unknown) => {
          if (!isLast && error instanceof KafkaError && error.is('UNSUPPORTED_BROKER')) return undefined;
          throw error;
        },
      );
      for (const [groupId, outcome] of outcomes ?? []) {
        if (isLast || outcome.ok || !outcome.error.is(...NOT_OF_THIS_TYPE)) found.set(groupId, outcome);
      }
      open = open.filter((groupId) => !found.has(groupId));
    }
    return new Outcomes(
      GROUP,
      groupIds.map((groupId) => [groupId, found.get(groupId)!]),
    );
  }

  /** Classic groups; one that is not there is GROUP_ID_NOT_FOUND. */
  async describeClassic(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): Promise<Outcomes<string, ClassicGroupDescription>> {
    return describeClassicGroups(new Call(this.#scope, options), groupIds, options);
  }

  /** Groups of the consumer protocol (KIP-848). Brokers from 3.7 on. */
  async describeConsumer(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): Promise<Outcomes<string, ConsumerGroupDescription>> {
    return describeConsumerGroups(new Call(this.#scope, options), groupIds, options);
  }

  /** Share groups (KIP-932). Brokers from 4.1 on. */
  async describeShare(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): Promise<Outcomes<string, ShareGroupDescription>> {
    return describeShareGroups(new Call(this.#scope, options), groupIds, options);
  }

  /** Streams groups (KIP-1071). Brokers from 4.2 on. */
  async describeStreams(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): Promise<Outcomes<string, StreamsGroupDescription>> {
    return describeStreamsGroups(new Call(this.#scope, options), groupIds, options);
  }

  /** Deletes groups with their offsets. NON_EMPTY_GROUP: it has members. */
  async delete(groupIds: readonly string[], options: CallOptions = {}): Promise<Outcomes<string, void>> {
    const call = new Call(this.#scope, options);
    return perform<string, void>(call, {
      kind: GROUP,
      keys: groupIds,
      route: toCoordinators(call, 'group', (groupId) => groupId),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, DeleteGroups, { groupsNames: keys });
        for (const { groupId, errorCode } of body.results) rounds.answer(groupId, errorCode, null, nothing);
      },
    });
  }

  /** What groups have committed; many groups of one coordinator with one request. */
  async listOffsets(
    queries: readonly GroupOffsetsQuery[],
    options: ListGroupOffsetsOptions = {},
  ): Promise<Outcomes<string, GroupOffsets>> {
    return listGroupOffsets(new Call(this.#scope, options), queries, options);
  }

  /** Sets a group's offsets. Refused with UNKNOWN_MEMBER_ID while it has members. A group that is not there is made. */
  async alterOffsets(
    groupId: string,
    offsets: readonly NewGroupOffset[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, void>> {
    return alterGroupOffsets(new Call(this.#scope, options), groupId, offsets);
  }

  /** Forgets a group's offsets. GROUP_SUBSCRIBED_TO_TOPIC: a member reads the topic. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, void>> {
    return deleteGroupOffsets(new Call(this.#scope, options), groupId, partitions);
  }

  /** Removes members of a classic group, whose partitions go to the others. */
  async removeMembers(
    groupId: string,
    members: readonly MemberToRemove[],
    options: RemoveMembersOptions = {},
  ): Promise<Outcomes<MemberToRemove, void>> {
    return this.#remove(new Call(this.#scope, options), groupId, members, options);
  }

  /** Removes every member that a classic group has now. */
  async removeAllMembers(groupId: string, options: RemoveMembersOptions = {}): Promise<Outcomes<MemberToRemove, void>> {
    const call = new Call(this.#scope, options);
    const { members } = (await describeClassicGroups(call, [groupId], {})).value(groupId);
    const all = members.map(({ memberId, groupInstanceId }) =>
      groupInstanceId === undefined ? { memberId } : { groupInstanceId },
    );
    return this.#remove(call, groupId, all, options);
  }

  #remove(
    call: Call,
    groupId: string,
    members: readonly MemberToRemove[],
    options: RemoveMembersOptions,
  ): Promise<Outcomes<MemberToRemove, void>> {
    return perform<MemberToRemove, void>(call, {
      kind: MEMBER,
      keys: members,
      route: toCoordinators(call, 'group', () => groupId),
      ask: async ({ target, keys }, rounds) => {
        const reason = options.reason ?? null;
        const leaving = keys.map((key) =>
          'memberId' in key
            ? { memberId: key.memberId, reason }
            : { memberId: '', groupInstanceId: key.groupInstanceId, reason },
        );
        const { body } = await call.ask(
          target,
          LeaveGroup,
          { groupId, members: leaving },
          { versionMin: MANY_MEMBERS },
        );
        const refused = KafkaError.ofCode(body.errorCode, GROUP.text(groupId));
        if (refused !== undefined) return keys.forEach((key) => rounds.refuse(key, refused));
        for (const { memberId, groupInstanceId, errorCode } of body.members) {
          const key = groupInstanceId === null ? { memberId } : { groupInstanceId };
          rounds.answer(key, errorCode, null, nothing);
        }
      },
    });
  }
}

const WITH_STATES = 4;
const WITH_TYPES = 5;
const MANY_MEMBERS = 3;
/** GROUP_ID_NOT_FOUND: none of that type. UNSUPPORTED_VERSION: the type is switched off. */
const NOT_OF_THIS_TYPE = ['GROUP_ID_NOT_FOUND', 'UNSUPPORTED_VERSION', 'UNSUPPORTED_BROKER'] as const;

const MEMBER: KeyKind<MemberToRemove> = {
  id: (member) => ('memberId' in member ? `member ${member.memberId}` : `instance ${member.groupInstanceId}`),
  text: (member) => ('memberId' in member ? `member ${member.memberId}` : `static member ${member.groupInstanceId}`),
};

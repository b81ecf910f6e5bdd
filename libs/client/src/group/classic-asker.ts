import { type AnyApi, Heartbeat, JoinGroup, LeaveGroup, SyncGroup } from '@trunkline/protocol';
import type { Answer, BodyOf, Cluster, Lane } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { ClassicAsk, ClassicReply } from './classic-asks.js';
import type { GroupSettings } from './group-options.js';
import { assignedIn, peersOf, protocolsOf, shareOut } from './subscription.js';
import type { GroupTopics } from './group-topics.js';

const PROTOCOL_TYPE = 'consumer';
/** Static members exist since these versions. */
const STATIC_SINCE = { join: 5, sync: 3, heartbeat: 3 } as const;
/** How long a coordinator is looked for before the member is told that there is trouble, ms. It looks again then. */
export const LOOK_TIMEOUT_MS = 3_000;
/** How long a LeaveGroup is waited for, ms: who leaves has better things to do. */
const LEAVE_TIMEOUT_MS = 5_000;

/** Puts what a classic member asks onto the wire, and what comes back into the machine's words. Decides nothing. */
export class ClassicAsker {
  constructor(
    private readonly cluster: Cluster,
    private readonly settings: GroupSettings,
    private readonly topics: GroupTopics,
    /** Joins and syncs are parked at the coordinator: nothing else may stand behind them. */
    private readonly lane: Lane,
  ) {}

  ask(ask: ClassicAsk): Promise<ClassicReply> {
    switch (ask.api) {
      case 'join':
        return this.#join(ask);
      case 'assign':
        return this.#assign(ask);
      case 'sync':
        return this.#sync(ask);
      case 'heartbeat':
        return this.#heartbeat(ask);
      case 'leave':
        return this.#leave(ask);
    }
  }

  async #join(ask: Extract<ClassicAsk, { api: 'join' }>): Promise<ClassicReply> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, assignors, rack } = this.settings;
    const body = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: ask.memberId,
      protocolType: PROTOCOL_TYPE,
      protocols: protocolsOf(assignors, this.topics.subscribed, rack, ask),
      reason: ask.reason.slice(0, 255),
      ...this.#instance,
    };
    const { body: said } = await this.#call(JoinGroup, body, ask.timeoutMs, STATIC_SINCE.join);
    const isIdOnly = said.errorCode === MEMBER_ID_REQUIRED;
    if (!isIdOnly) this.#check(said.errorCode, 'join');
    return {
      api: 'join',
      isIdOnly,
      memberId: said.memberId,
      generation: said.generationId,
      protocolName: said.protocolName ?? '',
      leader: said.leader,
      skipAssignment: said.skipAssignment,
      peers: said.members,
    };
  }

  async #assign(ask: Extract<ClassicAsk, { api: 'assign' }>): Promise<ClassicReply> {
    const peers = peersOf(ask.peers);
    const toShare = await this.topics.lead(peers.flatMap(({ topics }) => topics));
    return { api: 'assign', assignments: shareOut(this.settings.assignors, ask.protocolName, peers, toShare) };
  }

  async #sync(ask: Extract<ClassicAsk, { api: 'sync' }>): Promise<ClassicReply> {
    const body = {
      groupId: this.settings.groupId,
      generationId: ask.generation,
      memberId: ask.memberId,
      protocolType: PROTOCOL_TYPE,
      protocolName: ask.protocolName,
      assignments: ask.assignments,
      ...this.#instance,
    };
    const { body: said } = await this.#call(SyncGroup, body, ask.timeoutMs, STATIC_SINCE.sync);
    this.#check(said.errorCode, 'sync');
    return { api: 'sync', assigned: assignedIn(said.assignment) };
  }

  async #heartbeat(ask: Extract<ClassicAsk, { api: 'heartbeat' }>): Promise<ClassicReply> {
    const { groupId } = this.settings;
    const body = { groupId, generationId: ask.generation, memberId: ask.memberId, ...this.#instance };
    const { body: said } = await this.#call(Heartbeat, body, ask.timeoutMs, STATIC_SINCE.heartbeat);
    this.#check(said.errorCode, 'heartbeat');
    return { api: 'heartbeat' };
  }

  async #leave({ memberId }: Extract<ClassicAsk, { api: 'leave' }>): Promise<ClassicReply> {
    const { groupId } = this.settings;
    const body = (version: number) =>
      version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, reason: 'the member closes' }] };
    const coordinator = { kind: 'coordinator', type: 'group', key: groupId } as const;
    const { body: said } = await this.cluster.ask(coordinator, LeaveGroup, body, { timeoutMs: LEAVE_TIMEOUT_MS });
    this.#check(said.errorCode, 'leave');
    for (const { errorCode } of said.members) this.#check(errorCode, 'leave');
    return { api: 'leave' };
  }

  get #instance(): { groupInstanceId?: string } {
    const { instanceId } = this.settings;
    return instanceId === undefined ? {} : { groupInstanceId: instanceId };
  }

  /**
   * At the coordinator as it is known now: who does not answer at once is told to the machine, which has to count the time
   * without a word; a join, once there, may be parked for minutes.
   */
  async #call<A extends AnyApi>(api: A, body: BodyOf<A>, timeoutMs: number, staticSince: number): Promise<Answer<A>> {
    const { groupId, instanceId } = this.settings;
    const lookMs = Math.min(timeoutMs, LOOK_TIMEOUT_MS);
    const nodeId = await this.cluster.coordinator('group', groupId, { timeoutMs: lookMs });
    const versionMin = instanceId === undefined ? {} : { versionMin: staticSince };
    return await this.cluster.ask({ kind: 'node', nodeId }, api, body, { timeoutMs, lane: this.lane, ...versionMin });
  }

  #check(errorCode: number, what: string): void {
    const { groupId, instanceId } = this.settings;
    const fenced =
      instanceId === undefined ? undefined : `another member has the instance id ${instanceId}; give each its own`;
    const advice = errorCode === FENCED_INSTANCE_ID ? fenced : undefined;
    KafkaError.check(errorCode, `group ${groupId}`, `${what} was refused`, advice);
  }
}

const MEMBER_ID_REQUIRED = 79;
const FENCED_INSTANCE_ID = 82;

import { TrunklineError } from '@trunkline/bus';
import type { BrokerLink } from './broker-link.js';
import { type GroupPeer, assign } from './assignor.js';
import type { Cluster } from './cluster.js';
import { BrokerSaid, codeOf, throwIfError } from './error-codes.js';
import type { TopicPartition } from './topic-partition.js';
import { byTopic } from './wire/by-topic.js';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './wire/group-protocol.js';

const PROTOCOL_TYPE = 'consumer';
/** Kafka's name for members that let go of partitions one by one: members of other clients may share a group with ours. */
const PROTOCOL_NAME = 'cooperative-sticky';
/** Only dynamic members. */
const NO_INSTANCE = null;

/** What a member is in its group, from one rebalance to the next. */
export interface Generation {
  readonly number: number;
  readonly memberId: string;
  readonly isLeader: boolean;
  readonly assigned: readonly TopicPartition[];
}

/** A position to be committed. */
export interface Position extends TopicPartition {
  readonly position: number;
}

/** The requests of a group's member to its coordinator, each with its errors thrown. Knows no time and no retries. */
export class GroupSession {
  #memberId = '';
  #generation = -1;

  constructor(
    private readonly cluster: Cluster,
    readonly group: string,
    readonly topics: readonly string[],
  ) {}

  /** Joins, and learns what to read. May take as long as the others take to let go of theirs. */
  async join(link: BrokerLink, owned: readonly TopicPartition[]): Promise<Generation> {
    const { client, settings } = this.cluster;
    const { topics } = this;
    const metadata = encodeSubscription({ topics, owned, generation: this.#generation });
    const ask = (): Promise<JoinAnswer> =>
      link.call(
        client.joinGroupV5.api,
        this.group,
        settings.sessionTimeoutMs,
        settings.rebalanceTimeoutMs,
        this.#memberId,
        NO_INSTANCE,
        PROTOCOL_TYPE,
        [{ name: PROTOCOL_NAME, metadata }],
      );
    let joined = await ask();
    if (joined.errorCode === codeOf('MEMBER_ID_REQUIRED')) {
      this.#memberId = joined.memberId;
      joined = await ask();
    }
    throwIfError(joined.errorCode, `group ${this.group}: join`);
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    const isLeader = joined.leader === joined.memberId;
    const assignments = isLeader ? await this.#assign(joined) : [];
    const synced = await link.call(
      client.syncGroupV3.api,
      this.group,
      joined.generationId,
      joined.memberId,
      NO_INSTANCE,
      PROTOCOL_TYPE,
      PROTOCOL_NAME,
      assignments,
    );
    throwIfError(synced.errorCode, `group ${this.group}: sync`);
    const { memberId, generationId: number } = joined;
    return { number, memberId, isLeader, assigned: decodeAssignment(synced.assignment) };
  }

  async heartbeat(link: BrokerLink): Promise<void> {
    const { client, settings } = this.cluster;
    const beat = link.call(client.heartbeatV3.api, this.group, this.#generation, this.#memberId, NO_INSTANCE);
    const { errorCode } = await link.within(settings.sessionTimeoutMs / 2, beat);
    throwIfError(errorCode, `group ${this.group}: heartbeat`);
  }

  /** Commits positions. Throws the first partition's error. */
  async commit(link: BrokerLink, positions: readonly Position[]): Promise<void> {
    const topics = [...byTopic(positions)].map(([name, group]) => ({
      name,
      partitions: group.map(({ partition, position }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(position),
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }));
    const { client } = this.cluster;
    const answer = await link.call(
      client.offsetCommitV7.api,
      this.group,
      this.#generation,
      this.#memberId,
      NO_INSTANCE,
      topics,
    );
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        throwIfError(errorCode, `group ${this.group}: commit of ${name}/${partitionIndex}`);
      }
    }
  }

  /** The committed position of each partition, in the order asked for; -1 when there is none. */
  async committed(link: BrokerLink, partitions: readonly TopicPartition[]): Promise<readonly number[]> {
    const topics = [...byTopic(partitions)].map(([name, group]) => ({
      name,
      partitionIndexes: group.map(({ partition }) => partition),
    }));
    const { client } = this.cluster;
    const answer = await link.call(client.offsetFetchV5.api, [{ groupId: this.group, topics }], false);
    throwIfError(answer.errorCode, `group ${this.group}: committed offsets`);
    const found = new Map<string, number>();
    for (const topic of answer.topics) {
      for (const { partitionIndex, errorCode, committedOffset } of topic.partitions) {
        throwIfError(errorCode, `group ${this.group}: committed offset of ${topic.name}/${partitionIndex}`);
        found.set(`${topic.name}/${partitionIndex}`, Number(committedOffset));
      }
    }
    return partitions.map(({ topic, partition }) => found.get(`${topic}/${partition}`) ?? -1);
  }

  /** Leaves at once, so that the others need not wait for the session to end. */
  async leave(link: BrokerLink): Promise<void> {
    if (this.#memberId === '') return;
    const { client, settings } = this.cluster;
    const memberId = this.#memberId;
    this.forget();
    await link.within(
      settings.sessionTimeoutMs / 2,
      link.call(client.leaveGroupV3.api, this.group, [{ memberId, groupInstanceId: NO_INSTANCE }]),
    );
  }

  /** The coordinator knows this member no more: the next join is a newcomer's. */
  forget(): void {
    this.#memberId = '';
    this.#generation = -1;
  }

  async #assign(joined: JoinAnswer): Promise<{ memberId: string; assignment: Buffer }[]> {
    if (joined.protocolName !== PROTOCOL_NAME) {
      throw new TrunklineError(
        'ENGINE_REFUSED',
        `group ${this.group} uses ${joined.protocolName}, not ${PROTOCOL_NAME}`,
      );
    }
    const peers: GroupPeer[] = joined.members.map(({ memberId, metadata }) => ({
      memberId,
      ...decodeSubscription(metadata),
    }));
    await this.cluster.refresh([...new Set(peers.flatMap(({ topics }) => topics))]);
    const assignment = assign(peers, (topic) => this.cluster.topic(topic)?.leaders.length ?? 0);
    return [...assignment].map(([memberId, list]) => ({ memberId, assignment: encodeAssignment(list) }));
  }
}

interface JoinAnswer {
  readonly errorCode: number;
  readonly generationId: number;
  readonly protocolName?: string | null | undefined;
  readonly leader: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[];
}

/** The group goes on without this member as it was: somebody else may read its partitions now. */
export function isFenced(reason: unknown): boolean {
  return reason instanceof BrokerSaid && reason.is('UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID');
}

import type { Uuid } from '@trunkline/kernel';
import { type Decoded, type Encodable, ConsumerGroupHeartbeat, Metadata } from '@trunkline/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { LOOK_TIMEOUT_MS } from './classic-asker.js';
import type { ConsumerAsk, ConsumerReply } from './consumer-asks.js';
import type { GroupSettings } from './group-options.js';
import { type TopicPartition, indexesByTopic } from '../topic-partition.js';

/** Topic ids may be asked for since this version of Metadata. */
const METADATA_BY_ID = 12;
/** How long names of topic ids are looked for before the rest of an assignment is taken in, ms. */
const NAMES_TIMEOUT_MS = 3_000;
/** Member ids are made by the client, and there are regular expressions, since this version. */
const OWN_ID_SINCE = 1;
const CODES = { UNSUPPORTED_VERSION: 35, UNRELEASED_INSTANCE_ID: 111 } as const;

type Heartbeat = Encodable<(typeof ConsumerGroupHeartbeat)['request']>;
type Assignment = NonNullable<Decoded<(typeof ConsumerGroupHeartbeat)['response']>['assignment']>['topicPartitions'];

/** Puts what a member of the consumer protocol asks onto the wire; topic ids become names here, and names ids. */
export class ConsumerAsker {
  readonly #ids = new Map<string, Uuid>();
  readonly #names = new Map<Uuid, string>();
  /** An assignment of which not every name is known yet. */
  #unresolved: Assignment | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly settings: GroupSettings,
  ) {}

  async ask(ask: ConsumerAsk): Promise<ConsumerReply> {
    const { groupId, pattern } = this.settings;
    const { timeoutMs } = ask;
    const lookMs = Math.min(timeoutMs, LOOK_TIMEOUT_MS);
    const nodeId = await this.cluster.coordinator('group', groupId, { timeoutMs: lookMs });
    const { body } = await this.cluster.ask(
      { kind: 'node', nodeId },
      ConsumerGroupHeartbeat,
      (version) => this.#request(ask, version),
      { timeoutMs, ...(pattern !== undefined && { versionMin: OWN_ID_SINCE }) },
    );
    KafkaError.check(body.errorCode, `group ${groupId}`, body.errorMessage, this.#advice(body.errorCode));
    const given = body.assignment?.topicPartitions ?? this.#unresolved;
    const { memberId, memberEpoch: epoch, heartbeatIntervalMs: heartbeatMs } = body;
    const reply = { memberId, epoch, heartbeatMs };
    if (given === undefined) return { ...reply, assigned: null, isComplete: true };
    const assigned = await this.#named(given);
    return { ...reply, assigned, isComplete: this.#unresolved === undefined };
  }

  #request({ memberId, epoch, isFull, owned }: ConsumerAsk, version: number): Heartbeat {
    const { groupId, instanceId, rack, rebalanceTimeoutMs, topics, pattern, serverAssignor } = this.settings;
    const isFirstOfOld = version < OWN_ID_SINCE && epoch === 0;
    const request = {
      groupId,
      memberId: isFirstOfOld ? '' : memberId,
      memberEpoch: epoch,
      instanceId: instanceId ?? null,
    };
    const topicPartitions = owned === null ? null : this.#withIds(owned);
    if (!isFull) return { ...request, topicPartitions };
    return {
      ...request,
      rackId: rack ?? null,
      rebalanceTimeoutMs,
      subscribedTopicNames: topics,
      ...(pattern !== undefined && { subscribedTopicRegex: typeof pattern === 'string' ? pattern : pattern.source }),
      serverAssignor: serverAssignor ?? null,
      topicPartitions: topicPartitions ?? [],
    };
  }

  #withIds(owned: readonly TopicPartition[]): { topicId: Uuid; partitions: number[] }[] {
    return [...indexesByTopic(owned)].flatMap(([topic, partitions]) => {
      const topicId = this.#ids.get(topic);
      return topicId === undefined ? [] : [{ topicId, partitions }];
    });
  }

  async #named(given: Assignment): Promise<TopicPartition[]> {
    await this.#learn(given.map(({ topicId }) => topicId));
    this.#unresolved = given.some(({ topicId }) => !this.#names.has(topicId)) ? given : undefined;
    return given.flatMap(({ topicId, partitions }) => {
      const topic = this.#names.get(topicId);
      if (topic === undefined) return [];
      this.#ids.set(topic, topicId);
      return partitions.map((partition) => ({ topic, partition }));
    });
  }

  async #learn(topicIds: readonly Uuid[]): Promise<void> {
    const { topicsById } = this.cluster.image;
    for (const id of topicIds) {
      const name = topicsById.get(id)?.name;
      if (name !== undefined) this.#names.set(id, name);
    }
    const unknown = topicIds.filter((id) => !this.#names.has(id));
    if (unknown.length === 0) return;
    try {
      const { body } = await this.cluster.ask(
        { kind: 'anyone' },
        Metadata,
        { topics: unknown.map((topicId) => ({ topicId, name: null })), allowAutoTopicCreation: false },
        { timeoutMs: NAMES_TIMEOUT_MS, versionMin: METADATA_BY_ID },
      );
      for (const { errorCode, name, topicId } of body.topics) {
        if (errorCode === 0 && name !== null) this.#names.set(topicId, name);
      }
    } catch {
      // Asked again with the next heartbeat; meanwhile the rest is read.
    }
  }

  #advice(errorCode: number): string | undefined {
    if (errorCode === CODES.UNSUPPORTED_VERSION) return "give protocol 'classic', or set group.version on the cluster";
    if (errorCode !== CODES.UNRELEASED_INSTANCE_ID) return undefined;
    return `another member has the instance id ${this.settings.instanceId ?? ''} until its session ends`;
  }
}

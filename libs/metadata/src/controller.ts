import { ApiError, type Decision, type NodeId, type Random, type ReplicatedState } from '@trunkline/kernel';
import { Brokers, type BrokerRegistration } from './brokers.js';
import { decideConfigs, definitionsOf, type ConfigAlteration } from './config-decisions.js';
import { withBrokerFacts } from './config/broker-facts.js';
import type { StaticBrokerConfig } from './config/effective.js';
import { Configs } from './configs.js';
import { Features } from './features.js';
import type { ConfigResource } from './image.js';
import { grouped } from './grouped.js';
import { ProducerIds, type ProducerIdBlock } from './producer-ids.js';
import { CONFIG_RESOURCE_TYPES, type ConfigRecord, type MetadataRecord } from './records.js';
import type { NewTopic } from './topic-decisions.js';
import {
  TopicControl,
  refusal,
  type CreateTopicOutcome,
  type DeleteTopicOutcome,
  type MorePartitions,
  type MorePartitionsOutcome,
  type Outcome,
  type TopicTarget,
} from './topic-control.js';
import { topicNameFault } from './topic-name.js';
import { Topics } from './topics.js';

export interface ControllerOptions {
  readonly random: Random;
  /** What the controller's own node was started with: defaults of new topics, limits. */
  readonly statics: StaticBrokerConfig;
}

/** Groups, brokers and subscriptions to client metrics that may carry configs. */
export const RESOURCES_MAX = 10_000;
/** Characters of a resource's name. */
const RESOURCE_NAME_LENGTH_MAX = 1024;

export interface ConfigOutcome extends Outcome {
  readonly resource: ConfigResource;
}

/** Decide, but write nothing. */
export interface Rehearsal {
  readonly validateOnly?: boolean;
}

/**
 * Decides on the cluster's metadata. Each method reads the state and gives records and an answer; `replay` alone
 * changes the state. Synchronous and pure: no clock, no disk, dice by a port.
 *
 * Not promised: that a decision still fits after another one was replayed. Decide, replay, then decide the next.
 */
export class Controller implements ReplicatedState<MetadataRecord> {
  readonly #brokers = new Brokers();
  readonly #topics = new Topics();
  readonly #configs = new Configs(this.#topics);
  readonly #producerIds = new ProducerIds();
  readonly #features = new Features();
  readonly #topicControl: TopicControl;
  #nextOffset = 0;

  constructor(private readonly options: ControllerOptions) {
    const { statics, random } = options;
    this.#topicControl = new TopicControl(this.#topics, this.#brokers, this.#configs, statics, random);
  }

  /** The offset the next record will have. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  replay(record: MetadataRecord): void {
    this.#configs.replay(record); // Before the topics: it asks them for the name of a topic that goes.
    this.#topics.replay(record);
    this.#brokers.replay(record);
    this.#producerIds.replay(record);
    this.#features.replay(record);
    this.#nextOffset += 1;
  }

  /** Continues at an offset, after the records of a snapshot were replayed, which have none of their own. */
  continueAt(offset: number): void {
    this.#nextOffset = offset;
  }

  /** Makes topics, each for itself. A name that stands twice is INVALID_REQUEST, told once. */
  createTopics(
    wanted: readonly NewTopic[],
    rehearsal: Rehearsal = {},
  ): Decision<MetadataRecord, readonly CreateTopicOutcome[]> {
    const { once, twice } = singled(wanted, ({ name }) => name);
    const decision = this.#topicControl.create(once);
    const twins = twice.map((name): CreateTopicOutcome => ({
      name,
      error: new ApiError('INVALID_REQUEST', `Topic ${name} is named twice`),
      topicId: undefined,
      partitionCount: -1,
      replicationFactor: -1,
    }));
    return rehearsed({ records: decision.records, response: [...decision.response, ...twins] }, rehearsal);
  }

  /** Deletes topics by name or id, each for itself. A topic that stands twice is deleted for its first place. */
  deleteTopics(targets: readonly TopicTarget[]): Decision<MetadataRecord, readonly DeleteTopicOutcome[]> {
    return this.#topicControl.delete(targets);
  }

  /** Gives topics more partitions, each for itself. A name that stands twice is INVALID_REQUEST, told once. */
  createPartitions(
    wanted: readonly MorePartitions[],
    rehearsal: Rehearsal = {},
  ): Decision<MetadataRecord, readonly MorePartitionsOutcome[]> {
    const { once, twice } = singled(wanted, ({ name }) => name);
    const decision = this.#topicControl.grow(once);
    const twins = twice.map((name) => ({
      name,
      error: new ApiError('INVALID_REQUEST', `Topic ${name} is named twice`),
    }));
    return rehearsed({ records: decision.records, response: [...decision.response, ...twins] }, rehearsal);
  }

  /** Changes configs, each resource for itself. The caller has made sure that no resource stands twice. */
  alterConfigs(
    alterations: readonly ConfigAlteration[],
    rehearsal: Rehearsal = {},
  ): Decision<MetadataRecord, readonly ConfigOutcome[]> {
    const records: ConfigRecord[] = [];
    const response = alterations.map((alteration): ConfigOutcome => {
      const { resource } = alteration;
      try {
        definitionsOf(resource.type);
        this.#refuseUnknown(resource);
        records.push(...decideConfigs(alteration, this.#configs, this.#staticsFor(resource)));
        return { resource, error: undefined };
      } catch (reason) {
        return { resource, error: refusal(reason) };
      }
    });
    return rehearsed({ records, response }, rehearsal);
  }

  /** Takes a broker in, with a new epoch; and gives a new cluster its feature levels. */
  registerBroker(registration: BrokerRegistration): Decision<MetadataRecord, { readonly brokerEpoch: bigint }> {
    const levels = this.#features.initialize().records;
    const { records, response } = this.#brokers.register(registration, this.#nextOffset + levels.length);
    return { records: [...levels, ...records], response };
  }

  /** Says that a broker goes down in order. Throws BROKER_ID_NOT_REGISTERED, STALE_BROKER_EPOCH. */
  beginBrokerShutdown(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, void> {
    return this.#brokers.beginShutdown(id, brokerEpoch);
  }

  /** Gives a broker a block of producer ids. Throws BROKER_ID_NOT_REGISTERED, STALE_BROKER_EPOCH. */
  allocateProducerIds(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, ProducerIdBlock> {
    this.#brokers.require(id, brokerEpoch);
    return this.#producerIds.allocate(id, brokerEpoch);
  }

  /** Not promised: another broker's own settings. Until brokers tell them, those of this node stand in. */
  #staticsFor({ type, name }: ConfigResource): StaticBrokerConfig {
    const { statics } = this.options;
    if (type !== CONFIG_RESOURCE_TYPES.broker || name === '') return statics;
    return withBrokerFacts(statics, this.#brokers.get(Number(name) as NodeId));
  }

  #refuseUnknown({ type, name }: ConfigResource): void {
    if (name === '' && type !== CONFIG_RESOURCE_TYPES.broker) {
      throw new ApiError('INVALID_REQUEST', 'The name of the resource is empty; only brokers have a common default');
    }
    if (name.length > RESOURCE_NAME_LENGTH_MAX) {
      throw new ApiError(
        'INVALID_REQUEST',
        `The name of the resource is longer than ${RESOURCE_NAME_LENGTH_MAX} characters`,
      );
    }
    if (type === CONFIG_RESOURCE_TYPES.topic) this.#refuseUnknownTopic(name);
    else this.#refuseTooMany({ type, name });
    if (type === CONFIG_RESOURCE_TYPES.broker && name !== '') {
      if (!/^\d{1,10}$/.test(name))
        throw new ApiError('INVALID_REQUEST', 'The name of a broker resource is its number');
      if (this.#brokers.get(Number(name) as NodeId) === undefined) {
        throw new ApiError('INVALID_REQUEST', `There is no broker ${name}`);
      }
    }
  }

  /** Groups and subscriptions need not exist to be given configs, so their number is bounded here. */
  #refuseTooMany({ type, name }: ConfigResource): void {
    if (this.#configs.resourceCount < RESOURCES_MAX + this.#topics.size || this.#configs.of(type, name).size > 0)
      return;
    throw new ApiError('POLICY_VIOLATION', `${RESOURCES_MAX} groups and other resources have configs already`);
  }

  #refuseUnknownTopic(name: string): void {
    const fault = topicNameFault(name);
    if (fault !== undefined) throw new ApiError('INVALID_TOPIC_EXCEPTION', fault);
    if (this.#topics.byName(name) !== undefined) return;
    throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${name}`);
  }
}

/** Those whose key stands once, and the keys that stand more often, in the order of their first place. */
function singled<T>(
  wanted: readonly T[],
  keyOf: (one: T) => string,
): { readonly once: readonly T[]; readonly twice: readonly string[] } {
  const groups = grouped(wanted, keyOf);
  const once = [...groups.values()].flatMap((group) => (group.length === 1 ? group : []));
  const twice = [...groups].flatMap(([key, { length }]) => (length > 1 ? [key] : []));
  return { once, twice };
}

function rehearsed<T>(
  decision: Decision<MetadataRecord, T>,
  { validateOnly = false }: Rehearsal,
): Decision<MetadataRecord, T> {
  return validateOnly ? { records: [], response: decision.response } : decision;
}

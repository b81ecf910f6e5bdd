import { ApiError, type Decision, type NodeId, type Random, type ReplicatedState } from '@trunkline/kernel';
import { alterPartitions, type AlterPartitions, type AlterPartitionsAnswer } from './alter-partition.js';
import { BrokerControl, type BrokerHeartbeat, type BrokerHeartbeatAnswer } from './broker-control.js';
import type { BrokerLiveness } from './broker-liveness.js';
import type { BrokerRegistration, Heard } from './broker-registration.js';
import { Brokers } from './brokers.js';
import { MIN_ISR, decideConfigs, definitionsOf, type ConfigAlteration } from './config-decisions.js';
import { withBrokerFacts } from './config/broker-facts.js';
import type { StaticBrokerConfig } from './config/effective.js';
import { Configs } from './configs.js';
import {
  balanceLeaders,
  electLeaders,
  electUncleanLeaders,
  type ElectLeaders,
  type ElectionOutcome,
} from './elections.js';
import { updateFeatures, type FeatureUpdate } from './feature-updates.js';
import { Features } from './features.js';
import type { ConfigResource, TopicImage } from './image.js';
import { withoutElr } from './image-parts.js';
import { grouped } from './grouped.js';
import type { ReplicationState } from './partition-round.js';
import { ProducerIds, type ProducerIdBlock } from './producer-ids.js';
import { alterReassignments, type AlterReassignments, type ReassignmentOutcome } from './reassignments.js';
import { CONFIG_RESOURCE_TYPES, type ConfigRecord, type MetadataRecord } from './records.js';
import { assignReplicasToDirs, type AssignReplicasToDirs, type AssignedReplica } from './replica-directories.js';
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
/** Leaders elected in one step when nobody asked for them, as in Kafka. */
const ELECTIONS_MAX = 1000;
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
  readonly #replication: ReplicationState;
  readonly #brokerControl: BrokerControl;
  #nextOffset = 0;

  constructor(private readonly options: ControllerOptions) {
    const { statics, random } = options;
    this.#topicControl = new TopicControl(this.#topics, this.#brokers, this.#configs, statics, random);
    this.#replication = { topics: this.#topics, brokers: this.#brokers, configs: this.#configs, statics };
    this.#brokerControl = new BrokerControl(this.#replication, this.#features);
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
    return rehearsed({ records: [...records, ...this.#clearedElrs(records)], response }, rehearsal);
  }

  /**
   * Takes a broker in; and gives a new cluster its feature levels. The epoch is the offset of the registration, so it
   * rises with each start; the same incarnation again keeps its epoch and its state (KAFKA-16757). With `heartbeats` the
   * broker begins fenced, and without the proof of an orderly shutdown it leaves every ISR and ELR (C40).
   *
   * Throws DUPLICATE_BROKER_REGISTRATION while another process with the id lives, INVALID_REGISTRATION for directories
   * that are another's, UNSUPPORTED_VERSION for a build that cannot work at the cluster's feature levels. The cluster id
   * is the caller's to compare.
   */
  registerBroker(
    registration: BrokerRegistration,
    heard?: Heard,
  ): Decision<MetadataRecord, { readonly brokerEpoch: bigint }> {
    return this.#brokerControl.register(registration, this.#nextOffset, heard);
  }

  /** Says that a broker without heartbeats goes down in order. Throws STALE_BROKER_EPOCH. */
  beginBrokerShutdown(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, void> {
    return this.#brokerControl.beginShutdown(id, brokerEpoch);
  }

  /**
   * A broker lives, and says what it wants: to be let in once it has applied its own registration (C29), to be fenced,
   * or to go. Who goes is led out first: its partitions get other leaders, and it may end when all others know (C51).
   * Throws STALE_BROKER_EPOCH: register again.
   */
  brokerHeartbeat(
    beat: BrokerHeartbeat,
    liveness: BrokerLiveness,
    nowMs: number,
  ): Decision<MetadataRecord, BrokerHeartbeatAnswer> {
    return this.#brokerControl.heartbeat(beat, this.#nextOffset, { liveness, nowMs });
  }

  /** Fences brokers that are not fenced yet: they leave every ISR, and others lead. Gives those. */
  fenceBrokers(ids: Iterable<NodeId>): Decision<MetadataRecord, readonly NodeId[]> {
    return this.#brokerControl.fence(ids);
  }

  /** Fences all whose session has run out. Ask again at `liveness.wakeAtMs`. */
  fenceExpiredBrokers(liveness: BrokerLiveness, nowMs: number): Decision<MetadataRecord, readonly NodeId[]> {
    const expired = liveness.expired(nowMs);
    const decision = this.#brokerControl.fence(expired);
    for (const id of expired) liveness.forget(id);
    return decision;
  }

  /** Forgets a broker for good. Its replicas stay assigned to it until they are reassigned. Throws BROKER_ID_NOT_REGISTERED. */
  unregisterBroker(id: NodeId): Decision<MetadataRecord, void> {
    return this.#brokerControl.unregister(id);
  }

  /**
   * Changes ISRs as their leader asks, each for itself; ends reassignments whose replicas are all in sync. Throws
   * STALE_BROKER_EPOCH for the request; for a partition: NOT_CONTROLLER when the leader is ahead of this node (C26),
   * FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION when it was too late, INELIGIBLE_REPLICA, INVALID_REQUEST,
   * UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NEW_LEADER_ELECTED when it leads no more.
   */
  alterPartitions(request: AlterPartitions): Decision<MetadataRecord, AlterPartitionsAnswer> {
    return alterPartitions(this.#replication, request);
  }

  /**
   * Elects leaders, each partition for itself: ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE,
   * ELIGIBLE_LEADERS_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION. An unclean election may lose records.
   */
  electLeaders(request: ElectLeaders): Decision<MetadataRecord, readonly ElectionOutcome[]> {
    return electLeaders(this.#replication, request);
  }

  /** Gives leadership back to preferred replicas that are in sync. Gives whether there may be more than the limit. */
  balanceLeaders(electionsMax = ELECTIONS_MAX): Decision<MetadataRecord, boolean> {
    return balanceLeaders(this.#replication, electionsMax);
  }

  /** Elects any replica for partitions without leader, where their topics ask for it. As {@link balanceLeaders}. */
  electUncleanLeaders(electionsMax = ELECTIONS_MAX): Decision<MetadataRecord, boolean> {
    return electUncleanLeaders(this.#replication, electionsMax);
  }

  /**
   * Begins, replaces and takes back reassignments, each partition for itself: INVALID_REPLICA_ASSIGNMENT,
   * INVALID_REPLICATION_FACTOR, NO_REASSIGNMENT_IN_PROGRESS, UNKNOWN_TOPIC_OR_PARTITION. What is under way ends in
   * {@link alterPartitions}; `listReassignments` tells it from an image.
   */
  alterReassignments(request: AlterReassignments): Decision<MetadataRecord, readonly ReassignmentOutcome[]> {
    return alterReassignments(this.#replication, request);
  }

  /**
   * Takes note of a broker's directories of its replicas. Throws STALE_BROKER_EPOCH; for a replica: UNKNOWN_TOPIC_ID,
   * UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER where the broker has none.
   */
  assignReplicasToDirs(request: AssignReplicasToDirs): Decision<MetadataRecord, readonly AssignedReplica[]> {
    return assignReplicasToDirs(this.#replication, request);
  }

  /** Changes levels of features, all or none. Throws INVALID_UPDATE_VERSION, INVALID_REQUEST. */
  updateFeatures(updates: readonly FeatureUpdate[], rehearsal: Rehearsal = {}): Decision<MetadataRecord, void> {
    return rehearsed(updateFeatures(this.#features, this.#brokers, updates), rehearsal);
  }

  /** Gives a broker a block of producer ids. Throws STALE_BROKER_EPOCH. */
  allocateProducerIds(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, ProducerIdBlock> {
    this.#brokers.require(id, brokerEpoch);
    return this.#producerIds.allocate(id, brokerEpoch);
  }

  /** Who was eligible by another min.insync.replicas is so no more (C39). */
  #clearedElrs(records: readonly ConfigRecord[]): readonly MetadataRecord[] {
    const changed = records.filter(({ name }) => name === MIN_ISR);
    const names = changed.map((record) =>
      record.resourceType === CONFIG_RESOURCE_TYPES.topic ? record.resourceName : '',
    );
    const isMoved = ({ partitions }: TopicImage): boolean => partitions.some((one) => withoutElr(one) !== one);
    return names.flatMap((topicName): readonly MetadataRecord[] => {
      const topics = [...this.#topics].filter(({ name }) => topicName === '' || name === topicName);
      return topics.some(isMoved) ? [{ kind: 'clear-elr', topicName }] : [];
    });
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

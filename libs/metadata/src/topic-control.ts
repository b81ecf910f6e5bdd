import { ApiError, asError, type Decision, type Random, type Uuid } from '@trunkline/kernel';
import type { Brokers } from './brokers.js';
import { decideConfigs } from './config-decisions.js';
import { brokerConfigText, type StaticBrokerConfig } from './config/effective.js';
import { brokerNumber } from './config/topic-config.js';
import type { Configs } from './configs.js';
import type { TopicImage } from './image.js';
import { placeReplicas, type Load } from './placement.js';
import { CONFIG_RESOURCE_TYPES, type ConfigRecord, type MetadataRecord } from './records.js';
import {
  checkedReplicas,
  partitionRecords,
  placementOf,
  refuseTooMany,
  refuseUneven,
  replicationFactorOf,
  topicRecords,
  type NewTopic,
} from './topic-decisions.js';
import { INTERNAL_TOPICS, METADATA_TOPIC, collisionKey, topicNameFault } from './topic-name.js';
import type { Topics } from './topics.js';

/** What became of one thing of a request: `error` says why nothing did. */
export interface Outcome {
  readonly error: ApiError | undefined;
}

export interface CreateTopicOutcome extends Outcome {
  readonly name: string;
  readonly topicId: Uuid | undefined;
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

/** A topic by its name or by its id. */
export type TopicTarget = { readonly name: string } | { readonly topicId: Uuid };

export interface DeleteTopicOutcome extends Outcome {
  readonly target: TopicTarget;
  readonly name: string | undefined;
  readonly topicId: Uuid | undefined;
}

/** How many partitions a topic shall have, and where the new ones go when the caller says it. */
export interface MorePartitions {
  readonly name: string;
  readonly partitionCount: number;
  readonly assignments: readonly (readonly number[])[] | undefined;
}

export interface MorePartitionsOutcome extends Outcome {
  readonly name: string;
}

/** Decides on topics: what is wrong with a wish, and which records fulfil it. Changes nothing. */
export class TopicControl {
  constructor(
    private readonly topics: Topics,
    private readonly brokers: Brokers,
    private readonly configs: Configs,
    private readonly statics: StaticBrokerConfig,
    private readonly random: Random,
  ) {}

  /** Makes topics, each for itself: one that cannot be made does not hinder the others. Names must differ. */
  create(wanted: readonly NewTopic[]): Decision<MetadataRecord, readonly CreateTopicOutcome[]> {
    const records: MetadataRecord[] = [];
    const taken = new Map<string, string>();
    const load = this.topics.load.copy();
    let partitionsLeft = this.#partitionsLeft();
    const response = wanted.map((topic): CreateTopicOutcome => {
      try {
        const made = this.#createOne(topic, taken, partitionsLeft, load);
        partitionsLeft -= made.outcome.partitionCount;
        taken.set(collisionKey(topic.name), topic.name);
        records.push(...made.records);
        return made.outcome;
      } catch (reason) {
        return {
          name: topic.name,
          error: refusal(reason),
          topicId: undefined,
          partitionCount: -1,
          replicationFactor: -1,
        };
      }
    });
    return { records, response };
  }

  /** Deletes topics, each for itself. */
  delete(targets: readonly TopicTarget[]): Decision<MetadataRecord, readonly DeleteTopicOutcome[]> {
    const records: MetadataRecord[] = [];
    const gone = new Set<Uuid>();
    const response = targets.map((target): DeleteTopicOutcome => {
      const topic = 'name' in target ? this.topics.byName(target.name) : this.topics.byId(target.topicId);
      try {
        const { id } = this.#deletable(target, topic);
        if (gone.has(id)) throw new ApiError('INVALID_REQUEST', 'The topic stands twice in the request');
        gone.add(id);
        records.push({ kind: 'remove-topic', topicId: id });
        return { target, name: topic?.name, topicId: topic?.id, error: undefined };
      } catch (reason) {
        return { target, name: topic?.name, topicId: topic?.id, error: refusal(reason) };
      }
    });
    return { records, response };
  }

  /** Gives topics more partitions, each for itself. Names must differ. */
  grow(wanted: readonly MorePartitions[]): Decision<MetadataRecord, readonly MorePartitionsOutcome[]> {
    const records: MetadataRecord[] = [];
    const load = this.topics.load.copy();
    let partitionsLeft = this.#partitionsLeft();
    const response = wanted.map((more): MorePartitionsOutcome => {
      try {
        const added = this.#growOne(more, partitionsLeft, load);
        partitionsLeft -= added.length;
        records.push(...added);
        return { name: more.name, error: undefined };
      } catch (reason) {
        return { name: more.name, error: refusal(reason) };
      }
    });
    return { records, response };
  }

  #createOne(
    topic: NewTopic,
    taken: ReadonlyMap<string, string>,
    partitionsLeft: number,
    load: Load,
  ): { readonly records: readonly MetadataRecord[]; readonly outcome: CreateTopicOutcome } {
    const { name } = topic;
    if (name === METADATA_TOPIC) throw new ApiError('INVALID_REQUEST', `Topic ${name} belongs to the broker`);
    const fault = topicNameFault(name);
    if (fault !== undefined) throw new ApiError('INVALID_TOPIC_EXCEPTION', fault);
    if (this.topics.byName(name) !== undefined) {
      throw new ApiError('TOPIC_ALREADY_EXISTS', `Topic ${name} exists already`);
    }
    const colliding = this.topics.collidingWith(name) ?? taken.get(collisionKey(name));
    if (colliding !== undefined) {
      throw new ApiError(
        'INVALID_TOPIC_EXCEPTION',
        `Topic ${name} collides with ${colliding}: they differ in . and _ only`,
      );
    }
    const configs = this.#configsOf(topic);
    const defaults = {
      partitionCount: brokerNumber(this.configs, this.statics, 'num.partitions'),
      replicationFactor: brokerNumber(this.configs, this.statics, 'default.replication.factor'),
    };
    const placement = placementOf(
      topic,
      defaults,
      { brokers: this.brokers, load, random: this.random },
      partitionsLeft,
    );
    refuseTooMany(placement.length, partitionsLeft);
    const topicId = this.random.uuid();
    const outcome: CreateTopicOutcome = {
      name,
      error: undefined,
      topicId,
      partitionCount: placement.length,
      replicationFactor: placement[0]?.length ?? 0,
    };
    return { records: [...topicRecords(name, topicId, placement, this.brokers), ...configs], outcome };
  }

  #configsOf({ name, configs }: NewTopic): readonly ConfigRecord[] {
    const resource = { type: CONFIG_RESOURCE_TYPES.topic, name };
    const unset = configs.find(({ value }) => value === null);
    if (unset !== undefined) throw new ApiError('INVALID_CONFIG', `Config ${unset.name} needs a value; null is none`);
    const lastOfEach = new Map(configs.map((config) => [config.name, config]));
    const changes = [...lastOfEach.values()].map((config) => ({ ...config, operation: 'set' as const }));
    return decideConfigs({ resource, mode: 'replace', changes }, this.configs, this.statics);
  }

  #deletable(target: TopicTarget, topic: TopicImage | undefined): TopicImage {
    if (topic === undefined) {
      if ('name' in target) throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${target.name}`);
      throw new ApiError('UNKNOWN_TOPIC_ID', `There is no topic with id ${target.topicId}`);
    }
    if (brokerConfigText(this.configs, this.statics, 'delete.topic.enable')?.toLowerCase() === 'false') {
      throw new ApiError('TOPIC_DELETION_DISABLED', 'Topics cannot be deleted: delete.topic.enable is false');
    }
    if (INTERNAL_TOPICS.has(topic.name)) {
      throw new ApiError('TOPIC_DELETION_DISABLED', `Topic ${topic.name} belongs to the broker and cannot be deleted`);
    }
    return topic;
  }

  #growOne(
    { name, partitionCount, assignments }: MorePartitions,
    partitionsLeft: number,
    load: Load,
  ): readonly MetadataRecord[] {
    const topic = this.topics.byName(name);
    if (topic === undefined) throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${name}`);
    const now = topic.partitions.length;
    if (partitionCount <= now) {
      const why = `Topic ${name} has ${now} partitions; their number can only grow, so ${partitionCount} will not do`;
      throw new ApiError('INVALID_PARTITIONS', why);
    }
    if (INTERNAL_TOPICS.has(name)) {
      throw new ApiError('INVALID_PARTITIONS', `The number of partitions of ${name} was fixed when it was made`);
    }
    const added = partitionCount - now;
    refuseTooMany(added, partitionsLeft);
    const factor = replicationFactorOf(topic);
    if (assignments === undefined) {
      const placement = placeReplicas(
        {
          brokers: this.brokers.usable,
          load,
          existing: topic.partitions,
          partitionCount: added,
          replicationFactor: factor,
        },
        this.random,
      );
      return partitionRecords(topic.id, now, placement, this.brokers);
    }
    if (assignments.length !== added) {
      const why = `${added} partitions are added, but ${assignments.length} assignments are given`;
      throw new ApiError('INVALID_REPLICA_ASSIGNMENT', why);
    }
    const placement = assignments.map((brokerIds, index) => checkedReplicas(brokerIds, this.brokers, now + index));
    refuseUneven(placement, factor);
    return partitionRecords(topic.id, now, placement, this.brokers);
  }

  #partitionsLeft(): number {
    return brokerNumber(this.configs, this.statics, 'max.partitions') - this.topics.partitionCount;
  }
}

/** Why a single wish was refused. What is not an ApiError is our own fault and goes on its way. */
export function refusal(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason;
  throw asError(reason);
}

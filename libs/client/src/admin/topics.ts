import { ZERO_UUID, type Uuid } from '@trunkline/kernel';
import {
  CreatePartitions,
  CreateTopics,
  type Decoded,
  DeleteTopics,
  type Encodable,
  Metadata,
} from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions, ChangeOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { TOPIC, TOPIC_ID } from './keys.js';
import { idOrNone, nothing, orNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform, performOne } from './perform.js';
import { type DeletedRecords, type RecordsBefore, deleteRecords } from './record-deletion.js';
import { toAnyone, toController } from './routes.js';
import {
  type DescribeTopicsOptions,
  type TopicDescription,
  describeTopics,
  describeTopicsById,
} from './topic-descriptions.js';

/** A topic to be made. */
export interface NewTopic {
  readonly name: string;
  /** How many partitions; the broker's default [num.partitions]. Not together with `assignments`. */
  readonly partitions?: number;
  /** On how many brokers each is kept; the broker's default [default.replication.factor]. Not with `assignments`. */
  readonly replicationFactor?: number;
  /** For each partition the ids of its brokers, the preferred leader first. */
  readonly assignments?: readonly (readonly number[])[];
  /** By Kafka's names: `retention.ms`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** A topic that was made, or would have been. */
export interface CreatedTopic {
  readonly name: string;
  /** undefined: the broker is older than 2.8, or only checked. */
  readonly topicId: Uuid | undefined;
  /** undefined: the broker did not tell. */
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
  /** All configs that hold for it, by name; undefined: the broker did not tell, or the caller may not see them. */
  readonly configs: ReadonlyMap<string, string | undefined> | undefined;
}

/** A topic that is to have more partitions. */
export interface MorePartitions {
  readonly topic: string;
  /** How many it shall have in all. */
  readonly total: number;
  /** For each new partition the ids of its brokers, the preferred leader first. */
  readonly assignments?: readonly (readonly number[])[];
}

export interface TopicListing {
  readonly name: string;
  readonly topicId: Uuid | undefined;
  readonly isInternal: boolean;
  readonly partitions: number;
}

export interface ListTopicsOptions extends CallOptions {
  /** Also the brokers' own topics; false. */
  readonly includeInternal?: boolean;
}

/** Topics: their making, changing and end. */
export class AdminTopics {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /**
   * Makes topics. Topics with an error are not made, the others are.
   *
   * A try whose answer was lost is repeated; TOPIC_ALREADY_EXISTS may then be the work of that try. REQUEST_TIMED_OUT:
   * the topic may still come to be.
   */
  async create(topics: readonly NewTopic[], options: ChangeOptions = {}): Promise<Outcomes<string, CreatedTopic>> {
    const call = new Call(this.#scope, options);
    const wanted = new Map(topics.map((topic) => [topic.name, topic]));
    return perform<string, CreatedTopic>(call, {
      kind: TOPIC,
      keys: topics.map(({ name }) => name),
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const request = {
          topics: keys.map((name) => creation(wanted.get(name)!)),
          timeoutMs: call.answerMs,
          validateOnly: options.validateOnly ?? false,
        };
        const { body } = await call.ask(target, CreateTopics, request, { versionMin: WITH_DEFAULTS });
        rounds.throttled(body.throttleTimeMs);
        for (const topic of body.topics) {
          rounds.answer(topic.name, topic.errorCode, topic.errorMessage, () => created(topic));
        }
      },
    });
  }

  /** Deletes topics by name, with all that is in them. */
  async delete(names: readonly string[], options: CallOptions = {}): Promise<Outcomes<string, void>> {
    const call = new Call(this.#scope, options);
    return perform<string, void>(call, {
      kind: TOPIC,
      keys: names,
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, DeleteTopics, (version) =>
          version >= BY_ID
            ? { topics: keys.map((name) => ({ name, topicId: ZERO_UUID })), timeoutMs: call.answerMs }
            : { topicNames: keys, timeoutMs: call.answerMs },
        );
        rounds.throttled(body.throttleTimeMs);
        for (const { name, errorCode, errorMessage } of body.responses) {
          if (name !== null) rounds.answer(name, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  /** Deletes topics by id: never one of the same name that was made since. Brokers from 2.8 on. */
  async deleteById(topicIds: readonly Uuid[], options: CallOptions = {}): Promise<Outcomes<Uuid, void>> {
    const call = new Call(this.#scope, options);
    return perform<Uuid, void>(call, {
      kind: TOPIC_ID,
      keys: topicIds,
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const topics = keys.map((topicId) => ({ name: null, topicId }));
        const { body } = await call.ask(
          target,
          DeleteTopics,
          { topics, timeoutMs: call.answerMs },
          { versionMin: BY_ID },
        );
        rounds.throttled(body.throttleTimeMs);
        for (const { topicId, errorCode, errorMessage } of body.responses) {
          rounds.answer(topicId, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  /** All topics that the caller may see. */
  async list(options: ListTopicsOptions = {}): Promise<readonly TopicListing[]> {
    const call = new Call(this.#scope, options);
    const topics = await performOne(call, 'all topics', toAnyone, async (target) => {
      const request = { topics: null, allowAutoTopicCreation: false };
      const { body } = await call.ask(target, Metadata, request, { versionMin: 4 });
      KafkaError.check(body.errorCode, 'all topics');
      return body.topics;
    });
    return topics
      .filter(({ name, isInternal }) => name !== null && (options.includeInternal === true || !isInternal))
      .map(({ name, topicId, isInternal, partitions }) => ({
        name: name!,
        topicId: idOrNone(topicId),
        isInternal,
        partitions: partitions.length,
      }));
  }

  /** Partitions, leaders and replicas of topics, by name. */
  async describe(
    names: readonly string[],
    options: DescribeTopicsOptions = {},
  ): Promise<Outcomes<string, TopicDescription>> {
    return describeTopics(new Call(this.#scope, options), names, options);
  }

  /** The same by topic id. Brokers from 3.1 on. */
  async describeById(
    ids: readonly Uuid[],
    options: DescribeTopicsOptions = {},
  ): Promise<Outcomes<Uuid, TopicDescription>> {
    return describeTopicsById(new Call(this.#scope, options), ids, options);
  }

  /** Adds partitions. Records of a key that is already there go elsewhere from then on. */
  async createPartitions(
    topics: readonly MorePartitions[],
    options: ChangeOptions = {},
  ): Promise<Outcomes<string, void>> {
    const call = new Call(this.#scope, options);
    const wanted = new Map(topics.map((more) => [more.topic, more]));
    return perform<string, void>(call, {
      kind: TOPIC,
      keys: topics.map(({ topic }) => topic),
      route: toController(call),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, CreatePartitions, {
          topics: keys.map((name) => {
            const { total, assignments } = wanted.get(name)!;
            return { name, count: total, assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null };
          }),
          timeoutMs: call.answerMs,
          validateOnly: options.validateOnly ?? false,
        });
        rounds.throttled(body.throttleTimeMs);
        for (const { name, errorCode, errorMessage } of body.results) {
          rounds.answer(name, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  /** Deletes the records before an offset, on each partition's leader and its replicas. */
  async deleteRecords(
    before: readonly RecordsBefore[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, DeletedRecords>> {
    return deleteRecords(new Call(this.#scope, options), before);
  }
}

/** The first version of DeleteTopics that knows ids. */
const BY_ID = 6;
/** The first version of CreateTopics that takes the broker's defaults. */
const WITH_DEFAULTS = 4;

type Creation = Encodable<typeof CreateTopics.request>['topics'][number];
type Created = Decoded<typeof CreateTopics.response>['topics'][number];

function creation(topic: NewTopic): Creation {
  const { name, partitions, replicationFactor, assignments, configs = {} } = topic;
  if (assignments !== undefined && (partitions !== undefined || replicationFactor !== undefined)) {
    throw new KafkaError('MISUSE', 'assignments stand in place of partitions and replicationFactor', {
      about: TOPIC.text(name),
      advice: 'give one or the other',
    });
  }
  return {
    name,
    numPartitions: partitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
}

function created(topic: Created): CreatedTopic {
  const configs = topic.topicConfigErrorCode === 0 ? topic.configs : null;
  return {
    name: topic.name,
    topicId: idOrNone(topic.topicId),
    partitions: orNone(topic.numPartitions),
    replicationFactor: orNone(topic.replicationFactor),
    configs: configs === null ? undefined : new Map(configs.map(({ name, value }) => [name, value ?? undefined])),
  };
}

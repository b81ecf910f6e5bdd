import { invariant, type NodeId, type Uuid } from '@trunkline/kernel';
import type { Brokers } from './brokers.js';
import { topicConfigText, type StaticBrokerConfig } from './config/effective.js';
import type { Configs } from './configs.js';
import { directoryOfNew, hasDirectory } from './directories.js';
import type { PartitionImage, TopicImage } from './image.js';
import { changedPartition } from './image-parts.js';
import { changePartition, type PartitionRules, type PartitionWish } from './partition-changes.js';
import type { MetadataRecord, PartitionChangeRecord } from './records.js';
import type { Topics } from './topics.js';

/** What decisions on partitions read. */
export interface ReplicationState {
  readonly topics: Topics;
  readonly brokers: Brokers;
  readonly configs: Configs;
  readonly statics: StaticBrokerConfig;
}

/** Brokers whose state changes in the same decision, and is not replayed yet. */
export interface BrokersMeanwhile {
  readonly going?: ReadonlySet<NodeId>;
  readonly coming?: NodeId;
}

interface TopicRules extends PartitionRules {
  readonly isUncleanAllowed: boolean;
}

/**
 * The changes of partitions in one decision. A partition that changes twice in it changes from what the first change
 * made of it, so that each record's epochs hold.
 */
export class PartitionRound {
  readonly records: MetadataRecord[] = [];
  /** What partitions have become, by what they were when the decision began. */
  readonly #changed = new Map<PartitionImage, PartitionImage>();
  readonly #rules = new Map<Uuid, TopicRules>();

  constructor(
    private readonly state: ReplicationState,
    private readonly meanwhile: BrokersMeanwhile = {},
  ) {}

  partition(topic: TopicImage, index: number): PartitionImage | undefined {
    const before = topic.partitions[index];
    return before && (this.#changed.get(before) ?? before);
  }

  /** Every partition there is, as it is by now. */
  *partitions(): Generator<readonly [TopicImage, PartitionImage], void, void> {
    for (const topic of this.state.topics) {
      for (const before of topic.partitions) yield [topic, this.#changed.get(before) ?? before];
    }
  }

  /** Makes a partition what it shall be, and gives the record; undefined when it is so already. */
  change(topic: TopicImage, partition: PartitionImage, wish: PartitionWish): PartitionChangeRecord | undefined {
    const record = changePartition(topic.id, partition, wish, this.#rulesOf(topic));
    if (record === undefined) return undefined;
    const before = topic.partitions[partition.index];
    invariant(before !== undefined, 'a partition that changes belongs to its topic');
    this.records.push(record);
    this.#changed.set(before, changedPartition(partition, record));
    return record;
  }

  /** Whether the topic would rather lose records than be away: unclean.leader.election.enable. */
  allowsUnclean(topic: TopicImage): boolean {
    return this.#rulesOf(topic).isUncleanAllowed;
  }

  /** `online`, or `unclean` where the topic asks for it. */
  electionOf(topic: TopicImage): 'online' | 'unclean' {
    return this.allowsUnclean(topic) ? 'unclean' : 'online';
  }

  #rulesOf(topic: TopicImage): TopicRules {
    const known = this.#rules.get(topic.id);
    if (known !== undefined) return known;
    const { brokers, configs, statics } = this.state;
    const text = (name: string): string => topicConfigText(configs, statics, topic.name, name) ?? '';
    const rules: TopicRules = {
      minIsr: Number(text('min.insync.replicas')),
      isUncleanAllowed: text('unclean.leader.election.enable').toLowerCase() === 'true',
      isActive: (id) => {
        if (this.meanwhile.going?.has(id) === true) return false;
        return brokers.isActive(id) || this.meanwhile.coming === id;
      },
      hasDirectory: (id, directory) => {
        const broker = brokers.get(id);
        return broker !== undefined && hasDirectory(broker, directory);
      },
      directoryOfNew: (id) => directoryOfNew(brokers.get(id)),
    };
    this.#rules.set(topic.id, rules);
    return rules;
  }
}

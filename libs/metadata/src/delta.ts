import type { NodeId } from '@trunkline/kernel';
import type { ConfigResource, MetadataImage, TopicImage } from './image.js';

/** A topic that was there and has changed: more partitions, or other leaders. */
export interface TopicChange {
  readonly before: TopicImage;
  readonly after: TopicImage;
  /** Indexes of partitions that are new or differ, ascending. */
  readonly partitions: readonly number[];
}

/**
 * What differs between two images. The first delta a listener hears tells everything that is there.
 *
 * A topic that was deleted and made again under its name stands in both `deletedTopics` and `createdTopics`: delete
 * first.
 */
export interface MetadataDelta {
  readonly before: MetadataImage;
  readonly createdTopics: readonly TopicImage[];
  readonly deletedTopics: readonly TopicImage[];
  readonly changedTopics: readonly TopicChange[];
  /** Resources whose configs differ. Configs of a new topic stand here too, those of a deleted one do not. */
  readonly changedConfigs: readonly ConfigResource[];
  /** Brokers that came, went or changed. */
  readonly changedBrokers: readonly NodeId[];
  readonly changedFeatures: readonly string[];
}

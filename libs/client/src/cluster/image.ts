import { ZERO_UUID } from '@trunkline/kernel';
import { type Decoded, type Metadata, errorCode } from '@trunkline/protocol';
import type { BrokerNode, ClusterImage, PartitionImage, TopicImage } from './cluster.js';

export type MetadataAnswer = Decoded<(typeof Metadata)['response']>;
type TopicAnswer = MetadataAnswer['topics'][number];

export const EMPTY_IMAGE: ClusterImage = Object.freeze({
  clusterId: undefined,
  controllerId: -1,
  brokers: new Map(),
  topics: new Map(),
  topicsById: new Map(),
});

const UNKNOWN_TOPIC = errorCode('UNKNOWN_TOPIC_OR_PARTITION');
const UNKNOWN_TOPIC_ID = errorCode('UNKNOWN_TOPIC_ID');
const INVALID_TOPIC = errorCode('INVALID_TOPIC_EXCEPTION');
const GONE = new Set([UNKNOWN_TOPIC, UNKNOWN_TOPIC_ID, INVALID_TOPIC]);

/**
 * The image after a Metadata answer: brokers as it names them, the topics that it tells of, the others as they were.
 *
 * A leader's reign never goes back: of two that tell of one partition of one topic the higher epoch is kept (KIP-320);
 * another topic id is another topic.
 */
export function imageAfter(image: ClusterImage, answer: MetadataAnswer): ClusterImage {
  const brokers = new Map<number, BrokerNode>();
  for (const { nodeId, host, port, rack } of answer.brokers)
    brokers.set(nodeId, Object.freeze({ nodeId, host, port, rack: rack ?? undefined }));
  const topics = new Map(image.topics);
  for (const told of answer.topics) {
    if (told.name === null) continue;
    if (GONE.has(told.errorCode)) topics.delete(told.name);
    else if (told.errorCode === 0) topics.set(told.name, topicAfter(topics.get(told.name), told, told.name));
  }
  return imageOf(answer.clusterId ?? undefined, answer.controllerId, brokers, topics);
}

/** The image without any of these topics. */
export function imageWithout(image: ClusterImage, names: readonly string[]): ClusterImage {
  if (!names.some((name) => image.topics.has(name))) return image;
  const topics = new Map(image.topics);
  for (const name of names) topics.delete(name);
  return imageOf(image.clusterId, image.controllerId, image.brokers, topics);
}

/** The image after a leader that Produce or Fetch told of (KIP-951); the same image when that is nothing new. */
export function imageAfterLeader(
  image: ClusterImage,
  topicName: string,
  partition: number,
  leader: { readonly nodeId: number; readonly epoch: number },
  node?: BrokerNode,
): ClusterImage {
  const topic = image.topics.get(topicName);
  const known = topic?.partitions[partition];
  if (topic === undefined || known === undefined || leader.nodeId < 0 || leader.epoch <= known.leaderEpoch)
    return image;
  if (node === undefined && !image.brokers.has(leader.nodeId)) return image;
  const brokers = node === undefined ? image.brokers : new Map(image.brokers).set(node.nodeId, Object.freeze(node));
  const changed = Object.freeze({ ...known, leader: leader.nodeId, leaderEpoch: leader.epoch });
  const partitions = Object.freeze(topic.partitions.with(partition, changed));
  const topics = new Map(image.topics).set(topicName, Object.freeze({ ...topic, partitions }));
  return imageOf(image.clusterId, image.controllerId, brokers, topics);
}

function imageOf(
  clusterId: string | undefined,
  controllerId: number,
  brokers: ReadonlyMap<number, BrokerNode>,
  topics: ReadonlyMap<string, TopicImage>,
): ClusterImage {
  const topicsById = new Map<TopicImage['topicId'], TopicImage>();
  for (const topic of topics.values()) if (topic.topicId !== ZERO_UUID) topicsById.set(topic.topicId, topic);
  return Object.freeze({ clusterId, controllerId, brokers, topics, topicsById });
}

function topicAfter(known: TopicImage | undefined, told: TopicAnswer, name: string): TopicImage {
  const before = known !== undefined && isSame(known, told) ? known.partitions : [];
  const partitions: PartitionImage[] = [];
  for (const next of told.partitions.toSorted((left, right) => left.partitionIndex - right.partitionIndex)) {
    const { partitionIndex: partition, leaderId: leader, leaderEpoch, replicaNodes: replicas, isrNodes: isr } = next;
    // What stands behind a gap, or a second time, cannot be addressed by its index.
    if (partition !== partitions.length) continue;
    const old = before[partition];
    const isOlder = old !== undefined && leaderEpoch >= 0 && leaderEpoch < old.leaderEpoch;
    partitions.push(isOlder ? old : Object.freeze({ partition, leader, leaderEpoch, replicas, isr }));
  }
  return Object.freeze({
    name,
    topicId: told.topicId,
    isInternal: told.isInternal,
    partitions: Object.freeze(partitions),
  });
}

function isSame(known: TopicImage, told: TopicAnswer): boolean {
  return known.topicId === told.topicId || known.topicId === ZERO_UUID || told.topicId === ZERO_UUID;
}

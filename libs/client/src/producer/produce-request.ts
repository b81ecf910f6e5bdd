import type { Uuid } from '@trunkline/kernel';
import { type Encodable, Produce } from '@trunkline/protocol';
import type { BodyOf, TopicImage } from '../cluster/cluster.js';
import type { Shipment } from './effects.js';
import type { ProducerSettings } from './producer-options.js';

type Body = Encodable<(typeof Produce)['request']>;
type TopicBody = Body['topicData'][number];
type PartitionBody = TopicBody['partitionData'][number];

/** A topic's id at the moment of asking; undefined: it has none, so that it must be named. */
export type IdOf = (topic: string) => Uuid | undefined;

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

export function idIn(image: TopicImage | undefined): Uuid | undefined {
  return image === undefined || image.topicId === ZERO_ID ? undefined : image.topicId;
}

/** The latest version that can name every topic of the shipment. */
export function versionMaxOf({ batches }: Shipment, idOf: IdOf): number {
  for (const { writer } of batches) if (idOf(writer.topic) === undefined) return 12;
  return Produce.versions[1];
}

/** One Produce request; the body's shape does not depend on its version. */
export function produceBody({ batches }: Shipment, settings: ProducerSettings, idOf: IdOf): BodyOf<typeof Produce> {
  const { acks, requestTimeoutMs, transactionalId } = settings;
  const topicData: TopicBody[] = [];
  const partitions = new Map<string, PartitionBody[]>();
  for (const { writer, bytes } of batches) {
    let partitionData = partitions.get(writer.topic);
    if (partitionData === undefined) {
      partitions.set(writer.topic, (partitionData = []));
      topicData.push({ name: writer.topic, topicId: idOf(writer.topic), partitionData });
    }
    partitionData.push({ index: writer.partition, records: bytes });
  }
  return { transactionalId: transactionalId ?? null, acks, timeoutMs: requestTimeoutMs, topicData };
}

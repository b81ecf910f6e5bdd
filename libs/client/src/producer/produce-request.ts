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

export function idsOf({ batches }: Shipment, idOf: IdOf): readonly (Uuid | undefined)[] {
  const ids: (Uuid | undefined)[] = [];
  for (const { writer } of batches) ids.push(idOf(writer.topic));
  return ids;
}

/** The latest version that can name every topic of a shipment, by their ids. */
export function versionMaxOf(ids: readonly (Uuid | undefined)[]): number {
  return ids.includes(undefined) ? 12 : Produce.versions[1];
}

/** One Produce request; the body's shape does not depend on its version. `ids`: of the batches' topics, in their order. */
export function produceBody(
  { batches }: Shipment,
  settings: ProducerSettings,
  ids: readonly (Uuid | undefined)[],
): BodyOf<typeof Produce> {
  const { acks, requestTimeoutMs, transactionalId } = settings;
  const topicData: TopicBody[] = [];
  const partitions = batches.length === 1 ? undefined : new Map<string, PartitionBody[]>();
  for (let at = 0; at < batches.length; at++) {
    const { writer, bytes } = batches[at]!;
    let partitionData = partitions?.get(writer.topic);
    if (partitionData === undefined) {
      partitionData = [];
      partitions?.set(writer.topic, partitionData);
      topicData.push({ name: writer.topic, topicId: ids[at], partitionData });
    }
    partitionData.push({ index: writer.partition, records: bytes });
  }
  return { transactionalId: transactionalId ?? null, acks, timeoutMs: requestTimeoutMs, topicData };
}

import type { Uuid } from '@trunkline/kernel';
import { type Encodable, Produce } from '@trunkline/protocol';
import type { BodyOf, TopicImage } from '../cluster/cluster.js';
import type { Shipment, Shipped } from './effects.js';
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
  return batches.map(({ writer }) => idOf(writer.topic));
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
  const topicData = batches.length === 1 ? [topicOf(batches[0]!, ids[0])] : topicsOf(batches, ids);
  return { transactionalId: transactionalId ?? null, acks, timeoutMs: requestTimeoutMs, topicData };
}

function topicOf({ writer, bytes }: Shipped, topicId: Uuid | undefined): TopicBody {
  return { name: writer.topic, topicId, partitionData: [{ index: writer.partition, records: bytes }] };
}

function topicsOf(batches: readonly Shipped[], ids: readonly (Uuid | undefined)[]): TopicBody[] {
  const topics = new Map<string, TopicBody & { readonly partitionData: PartitionBody[] }>();
  for (let at = 0; at < batches.length; at++) {
    const { writer, bytes } = batches[at]!;
    const partition = { index: writer.partition, records: bytes };
    const topic = topics.get(writer.topic);
    if (topic !== undefined) topic.partitionData.push(partition);
    else topics.set(writer.topic, { name: writer.topic, topicId: ids[at], partitionData: [partition] });
  }
  return [...topics.values()];
}

import type { Uuid } from '@trunkline/kernel';
import { METADATA_TOPIC } from '@trunkline/metadata';
import type { FetchRequest } from '@trunkline/protocol';

/** The id of `__cluster_metadata`, as every Kafka knows it. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;

export const isNamedMetadata = ({ topicName }: { readonly topicName: string }): boolean => topicName === METADATA_TOPIC;

/** Whether a fetch asks for metadata instead of records. */
export function asksForMetadata({ topics }: FetchRequest): boolean {
  return topics.length === 1 && topics[0]!.topicId === METADATA_TOPIC_ID;
}

import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { CreateTopics, DescribeGroups, FindCoordinator, ListOffsets, Metadata } from '@trunkline/protocol';
import { type RawClient, until } from '@trunkline/testing';
import type { Conversation } from './conversation.js';

/** A topic as the broker asked has it. */
export interface Topic {
  readonly name: string;
  readonly id: Uuid;
}

export interface TopicWish {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** A topic that no broker has. */
export const NO_TOPIC: Topic = { name: 'no-such-topic', id: 'BBBBBBBBBBBBBBBBBBBBBA' as Uuid };

/**
 * Makes a topic and waits until it can be used. Apache Kafka answers before that, so none of this is compared.
 */
export async function makeTopic(
  on: Conversation,
  client: RawClient,
  base: string,
  wish: TopicWish = {},
): Promise<Topic> {
  const name = on.name(base);
  const configs = Object.entries(wish.configs ?? {}).map(([key, value]) => ({ name: key, value }));
  const topic = { name, numPartitions: wish.partitions ?? 1, replicationFactor: 1, assignments: [], configs };
  const answer = await client.send(CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  const [made] = answer.topics;
  if (made === undefined || made.errorCode !== 0) {
    throw new Error(`${name} was not made: ${made?.errorCode} ${made?.errorMessage}`);
  }
  await usable(client, name);
  return { name, id: made.topicId };
}

/** Waits until every partition of the topic has a leader that answers; and until there are so many of them. */
export async function usable(client: RawClient, name: string, least = 1): Promise<void> {
  await until(`${name} is usable`, async () => {
    const asked = { topics: [{ name, topicId: ZERO_UUID }], allowAutoTopicCreation: false };
    const { topics } = await client.send(Metadata, 9, asked);
    const partitions = topics[0]?.partitions ?? [];
    if (partitions.length < least || partitions.some(({ leaderId }) => leaderId < 0)) return false;
    const offsets = await client.send(ListOffsets, 1, {
      replicaId: -1,
      topics: [{ name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: -1n })) }],
    });
    return offsets.topics[0]?.partitions.every(({ errorCode }) => errorCode === 0);
  });
}

/** Waits until the topic is gone. */
export async function gone(client: RawClient, name: string): Promise<void> {
  await until(`${name} is gone`, async () => {
    const asked = { topics: [{ name, topicId: ZERO_UUID }], allowAutoTopicCreation: false };
    const { topics } = await client.send(Metadata, 9, asked);
    return topics[0]?.errorCode === 3;
  });
}

/** A group that no earlier scenario used, once its coordinator answers: Apache Kafka makes the coordinator's topic late. */
export async function makeGroup(on: Conversation, client: RawClient, base: string): Promise<string> {
  const groupId = on.name(base);
  await coordinated(client, groupId);
  return groupId;
}

/** Waits until the group's coordinator answers. */
export async function coordinated(client: RawClient, groupId: string): Promise<void> {
  await until(`the coordinator of ${groupId}`, async () => {
    const found = await client.send(FindCoordinator, 2, { key: groupId, keyType: 0 });
    if (found.errorCode !== 0) return false;
    const described = await client.send(DescribeGroups, 0, { groups: [groupId] });
    return described.groups[0]?.errorCode === 0;
  });
}

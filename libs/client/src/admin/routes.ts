import { FindCoordinator, Metadata } from '@trunkline/protocol';
import type { CoordinatorType, Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { Call } from './call.js';
import { TOPIC, byTopic, grouped } from './keys.js';
import type { Stop } from './perform.js';
import type { Refuses } from './rounds.js';

type Route<Key> = (keys: readonly Key[], rounds: Refuses<Key>) => Promise<readonly Stop<Key>[]>;

export const ANYONE: Target = Object.freeze({ kind: 'anyone' });
export const CONTROLLER: Target = Object.freeze({ kind: 'controller' });

/** Everything to whichever broker answers. */
export function toAnyone<Key>(keys: readonly Key[]): readonly Stop<Key>[] {
  return [{ target: ANYONE, keys }];
}

/** Everything to the controller, or to the broker that stands for it; after a first try it is looked up anew. */
export function toController<Key>(call: Call): Route<Key> {
  return async (keys, rounds) => {
    if (rounds.tries > 0) await call.scope.cluster.refresh();
    return [{ target: CONTROLLER, keys }];
  };
}

/** Each item to a broker that the item itself names. */
export function toNodes<Key>(nodeOf: (key: Key) => number): (keys: readonly Key[]) => readonly Stop<Key>[] {
  return (keys) => toEachNode(keys, nodeOf);
}

/**
 * Each partition to its leader. The leaders are asked for in each round: the topics of an admin's call are seldom those
 * whose metadata the client keeps, and a request of brokers and leaders tells a refused topic's reason too.
 */
export function toLeaders<Key extends TopicPartition>(call: Call): Route<Key> {
  return async (keys, rounds) => {
    const leaderOf = new Map<Key, number>();
    const topics = byTopic(keys);
    const chunk = call.scope.settings.requestItemsMax;
    for (let from = 0; from < topics.length; from += chunk) {
      await findLeaders(call, topics.slice(from, from + chunk), rounds, leaderOf);
    }
    return toEachNode([...leaderOf.keys()], (key) => leaderOf.get(key)!);
  };
}

async function findLeaders<Key extends TopicPartition>(
  call: Call,
  topics: readonly { readonly topic: string; readonly partitions: readonly Key[] }[],
  rounds: Refuses<Key>,
  leaderOf: Map<Key, number>,
): Promise<void> {
  const { body } = await call.ask(
    ANYONE,
    Metadata,
    {
      topics: topics.map(({ topic }) => ({ name: topic })),
      allowAutoTopicCreation: false,
    },
    { versionMin: 4 },
  );
  const answered = new Map(body.topics.map((topic) => [topic.name, topic]));
  for (const { topic, partitions } of topics) {
    const found = answered.get(topic);
    if (found === undefined) continue;
    const refused = KafkaError.ofCode(found.errorCode, TOPIC.text(topic));
    const leaders = new Map(found.partitions.map(({ partitionIndex, leaderId }) => [partitionIndex, leaderId]));
    for (const key of partitions) {
      const leader = leaders.get(key.partition);
      const about = `topic ${topic}/${key.partition}`;
      if (refused !== undefined) rounds.refuse(key, refused);
      else if (leader === undefined) {
        rounds.refuse(
          key,
          new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `the topic has ${leaders.size} partitions`, { about }),
        );
      } else if (leader < 0)
        rounds.refuse(key, new KafkaError('LEADER_NOT_AVAILABLE', 'it has no leader now', { about }));
      else leaderOf.set(key, leader);
    }
  }
}

/** Each item to the coordinator of its group or transactional id; many are found with one request (KIP-699). */
export function toCoordinators<Key>(call: Call, type: CoordinatorType, keyOf: (key: Key) => string): Route<Key> {
  return async (keys, rounds) => {
    const nodeOf = new Map<Key, number>();
    const byName = grouped(keys, keyOf);
    const names = [...byName.keys()];
    const chunk = call.scope.settings.requestItemsMax;
    for (let from = 0; from < names.length; from += chunk) {
      for (const found of await findCoordinators(call, type, names.slice(from, from + chunk))) {
        const error = KafkaError.ofCode(found.errorCode, `${SPOKEN[type]} ${found.key}`, found.errorMessage);
        for (const key of byName.get(found.key) ?? []) {
          if (error !== undefined) rounds.refuse(key, error);
          else nodeOf.set(key, found.nodeId);
        }
      }
    }
    return toEachNode([...nodeOf.keys()], (key) => nodeOf.get(key)!);
  };
}

const SPOKEN: Readonly<Record<CoordinatorType, string>> = {
  group: 'group',
  transaction: 'transactional id',
  share: 'share partition',
};
const KEY_TYPES: Readonly<Record<CoordinatorType, number>> = { group: 0, transaction: 1, share: 2 };
/** The first version of FindCoordinator that knows the type. */
const KNOWN_SINCE: Readonly<Record<CoordinatorType, number>> = { group: 0, transaction: 1, share: 6 };
/** The first version of FindCoordinator that takes many keys. */
const MANY_KEYS = 4;

interface FoundCoordinator {
  readonly key: string;
  readonly nodeId: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

async function findCoordinators(
  call: Call,
  type: CoordinatorType,
  names: readonly string[],
): Promise<readonly FoundCoordinator[]> {
  const keyType = KEY_TYPES[type];
  const found: FoundCoordinator[] = [];
  while (found.length < names.length) {
    const key = names[found.length]!;
    const { version, body } = await call.ask(
      ANYONE,
      FindCoordinator,
      (agreed) => {
        if (agreed >= MANY_KEYS) return { keyType, coordinatorKeys: names };
        return agreed === 0 ? { key } : { keyType, key };
      },
      { versionMin: KNOWN_SINCE[type] },
    );
    if (version >= MANY_KEYS) return body.coordinators;
    const { errorCode, errorMessage, nodeId } = body;
    found.push({ key, nodeId, errorCode, errorMessage });
  }
  return found;
}

/** The brokers that are alive, asked for now. */
export async function liveBrokers(call: Call): Promise<readonly number[]> {
  const { body } = await call.ask(ANYONE, Metadata, { topics: [] }, { versionMin: 1 });
  return body.brokers.map(({ nodeId }) => nodeId);
}

function toEachNode<Key>(keys: readonly Key[], nodeOf: (key: Key) => number): readonly Stop<Key>[] {
  return [...grouped(keys, nodeOf)].map(([nodeId, of]) => ({ target: { kind: 'node', nodeId }, keys: of }));
}

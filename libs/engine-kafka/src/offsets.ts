import { codeOf, throwIfError } from './error-codes.js';
import type { Cluster } from './cluster.js';
import type { TopicPartition } from './topic-partition.js';
import { byTopic } from './wire/by-topic.js';

/** Either end of a partition's log. */
export type LogEnd = 'start' | 'end';

const TIMESTAMPS = { start: -2n, end: -1n } as const satisfies Record<LogEnd, bigint>;
const READ_UNCOMMITTED = 0;
const NOT_A_REPLICA = -1;

/** The offset at one end of each partition, in the order asked for. Asks the leaders; throws when one has none. */
export async function offsetsAt(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  end: LogEnd,
): Promise<readonly number[]> {
  const byLeader = new Map<number, TopicPartition[]>();
  for (const partition of partitions) {
    const leader = cluster.topic(partition.topic)?.leaders[partition.partition] ?? -1;
    throwIfError(leader < 0 ? codeOf('LEADER_NOT_AVAILABLE') : 0, `${partition.topic}/${partition.partition}`);
    const group = byLeader.get(leader);
    if (group === undefined) byLeader.set(leader, [partition]);
    else group.push(partition);
  }
  const found = new Map<string, number>();
  await Promise.all([...byLeader].map(([leader, led]) => askLeader(cluster, leader, led, end, found)));
  return partitions.map(({ topic, partition }) => {
    const offset = found.get(`${topic}/${partition}`);
    throwIfError(offset === undefined ? codeOf('UNKNOWN_TOPIC_OR_PARTITION') : 0, `${topic}/${partition}`);
    return offset ?? 0;
  });
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  partitions: readonly TopicPartition[],
  end: LogEnd,
  found: Map<string, number>,
): Promise<void> {
  const link = await cluster.link(leader, 'control');
  const topics = [...byTopic(partitions)].map(([name, group]) => ({
    name,
    partitions: group.map(({ partition }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp: TIMESTAMPS[end],
    })),
  }));
  const answer = await link.call(cluster.client.listOffsetsV5.api, NOT_A_REPLICA, READ_UNCOMMITTED, topics);
  for (const { name, partitions: answered } of answer.topics) {
    for (const { partitionIndex, errorCode, offset } of answered) {
      throwIfError(errorCode, `${name}/${partitionIndex}`);
      found.set(`${name}/${partitionIndex}`, Number(offset));
    }
  }
}

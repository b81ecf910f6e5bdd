import { type Assignor, inOrder, topicsOf } from './assignor.js';
import type { TopicPartition } from '../topic-partition.js';

/**
 * Kafka's `range`: each topic by itself in contiguous runs, the first members one more. Equal to Java's as long as
 * members tell no rack; racks are not looked at.
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  protocol: 'eager',
  assign(peers, partitionsOf) {
    const members = inOrder(peers);
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    for (const topic of topicsOf(members)) {
      const subscribers = members.filter(({ topics }) => topics.includes(topic));
      const count = partitionsOf(topic);
      const share = Math.floor(count / subscribers.length);
      const extra = count % subscribers.length;
      let next = 0;
      subscribers.forEach(({ memberId }, index) => {
        const until = next + share + (index < extra ? 1 : 0);
        for (; next < until; next++) assignment.get(memberId)?.push({ topic, partition: next });
      });
    }
    return assignment;
  },
};

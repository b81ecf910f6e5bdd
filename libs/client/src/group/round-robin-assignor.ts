import { type Assignor, inOrder, topicsOf } from './assignor.js';
import type { TopicPartition } from '../topic-partition.js';

/** Kafka's `roundrobin`: all partitions of all topics in their order, dealt out like cards. Equal to Java's. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  protocol: 'eager',
  assign(peers, partitionsOf) {
    const members = inOrder(peers);
    const subscriptions = new Map(members.map(({ memberId, topics }) => [memberId, new Set(topics)]));
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    let turn = 0;
    for (const topic of topicsOf(members)) {
      for (let partition = 0; partition < partitionsOf(topic); partition++) {
        // Every topic here has a subscriber, so this ends within one round.
        while (!subscriptions.get(members[turn % members.length]!.memberId)!.has(topic)) turn += 1;
        assignment.get(members[turn % members.length]!.memberId)!.push({ topic, partition });
        turn += 1;
      }
    }
    return assignment;
  },
};

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Consumer, cooperativeStickyAssignor, rangeAssignor, stickyAssignor } from '@trunkline/client';
import { describeUnless, until } from '@trunkline/testing';
import { ownKafkaLeftOut } from './brokers.js';
import { ThreeNodes } from './three-nodes-kit.js';

const PORT = 31_060;
/** One replica each, on node 3, 1, 2, …: node n is in `rack-n`. */
const ALONE = [[3], [1], [2], [3], [1], [2]];

describeUnless(ownKafkaLeftOut, 'racks on three nodes of Apache Kafka', () => {
  let nodes: ThreeNodes;
  beforeAll(async () => {
    nodes = await ThreeNodes.start(PORT);
  }, 120_000);
  afterAll(() => nodes?.close());

  it.each([rangeAssignor, stickyAssignor, cooperativeStickyAssignor])(
    'members of a group read what is in their rack, with $name',
    async (assignor) => {
      const topic = await nodes.topic(ALONE);
      const groupId = nodes.name('group');
      const consumers: Consumer[] = [];
      for (let n = 1; n <= 3; n++) {
        const consumer = nodes.newClient().consumer({ reset: 'earliest', clientRack: `rack-${n}` });
        await consumer.subscribe({ groupId, topics: [topic], assignors: [assignor], heartbeatMs: 200 });
        consumers.push(consumer);
      }
      const shared = (): string[] =>
        consumers.map(({ assignment }) =>
          assignment
            .map(({ partition }) => partition)
            .toSorted((left, right) => left - right)
            .join(' '),
        );
      await until('each reads two', () => shared().every((partitions) => partitions.length === 3));
      expect(shared()).toEqual(['1 4', '2 5', '0 3']);
      await Promise.all(consumers.map((consumer) => consumer.close()));
    },
  );
});

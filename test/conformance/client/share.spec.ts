import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AcknowledgeResult } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type RunningBroker, type TestedBroker, kafkaBrokers } from './brokers.js';
import { ShareWorld, take, told, valuesOf } from './share-kit.js';

for (const tested of kafkaBrokers()) if (tested.has.shareGroups) describeShare(tested);

function describeShare(tested: TestedBroker): void {
  describe(`a share consumer of ${tested.name}`, () => {
    let running: RunningBroker;
    let world: ShareWorld;

    beforeAll(async () => {
      running = await tested.start();
      world = new ShareWorld(running.bootstrap);
      await world.client.connect();
    });

    afterAll(async () => {
      await world.close();
      await running.close();
    });

    it('reads a topic from its beginning, in order, each record for the first time', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const consumer = world.consumer([topic], { groupId });
      const records = await take(consumer, 3);
      expect(valuesOf(records)).toEqual(['a', 'b', 'c']);
      expect(records.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
        [0, 1],
        [1, 1],
        [2, 1],
      ]);
    });
  });
}

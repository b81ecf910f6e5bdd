import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { GroupWorld, shared } from './groups-kit.js';
import { describeSharing } from './groups-sharing.js';
import { describeStanding } from './groups-standing.js';

for (const tested of kafkaBrokers()) {
  describeGroups(tested);
  describeSharing(tested);
  describeStanding(tested);
}

function describeGroups(tested: TestedBroker): void {
  describe(`classic groups on ${tested.name}`, () => {
    let world: GroupWorld;
    beforeAll(async () => {
      world = await GroupWorld.start(tested);
    });
    afterAll(() => world?.close());

    it('gives a lone member everything', async () => {
      const topic = await world.topic(3);
      const probe = world.member({ groupId: world.name('lone'), topics: [topic] });
      await probe.member.ready;
      expect(probe.names).toEqual([`${topic}/0`, `${topic}/1`, `${topic}/2`]);
      expect(probe.member.state).toBe('stable');
      expect(probe.member.generation.generation).toBeGreaterThan(0);
      expect(probe.member.trouble).toBeUndefined();
      await probe.member.close();
      expect(probe.member.state).toBe('closed');
      expect(probe.names).toEqual([]);
    });

    it('shares with a second member, and nobody stops for what he keeps', async () => {
      const topic = await world.topic(4);
      const groupId = world.name('second');
      const first = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      await first.member.ready;
      const second = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      await shared([first, second], { [topic]: 4 });
      expect(first.names).toHaveLength(2);
      // Only what moved was told: two away from the first, two to the second.
      expect(first.told.filter((line) => line.startsWith('-'))).toHaveLength(2);
      expect(first.told.filter((line) => line.startsWith('+'))).toHaveLength(4);
      expect(second.told).toHaveLength(2);
    });

    it('takes over what a member that leaves had', async () => {
      const topic = await world.topic(4);
      const groupId = world.name('leave');
      const first = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      const second = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      await shared([first, second], { [topic]: 4 });
      await first.member.close();
      await shared([second], { [topic]: 4 });
    });

    it('commits, and tells what is committed', async () => {
      const topic = await world.topic(2);
      const probe = world.member({ groupId: world.name('commit'), topics: [topic] });
      await probe.member.ready;
      await probe.member.commit([{ topic, partition: 0, offset: 42, leaderEpoch: 0, metadata: 'so far' }]);
      const committed = await probe.member.committed([
        { topic, partition: 0 },
        { topic, partition: 1 },
      ]);
      expect(committed).toEqual([{ topic, partition: 0, offset: 42, leaderEpoch: 0, metadata: 'so far' }, undefined]);
    });

    it('gives partitions away only after they were let go of', async () => {
      const topic = await world.topic(2);
      const groupId = world.name('revoke');
      let letGo: () => void = () => {};
      const finished = new Promise<void>((resolve) => (letGo = resolve));
      const first = world.member({ groupId, topics: [topic], heartbeatMs: 200 }, { onRevoked: () => finished });
      await first.member.ready;
      const second = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      await until('something was taken away', () => first.told.some((line) => line.startsWith('-')));
      await second.member.ready;
      expect(second.names).toEqual([]);
      letGo();
      await shared([first, second], { [topic]: 2 });
    });
  });
}

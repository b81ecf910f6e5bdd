import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { type MortalBroker, type TestedBroker, kafkaBrokers } from './brokers.js';
import { GroupWorld, shared } from './groups-kit.js';

for (const tested of kafkaBrokers())
  describeRestarts(tested, tested.has.consumerGroups ? ['classic', 'consumer'] : ['classic']);

/** What members do while their coordinator is gone. */
function describeRestarts(tested: TestedBroker, protocols: readonly ('classic' | 'consumer')[]): void {
  describe(`a coordinator that restarts: ${tested.name}`, () => {
    let node: MortalBroker;
    let world: GroupWorld;
    beforeAll(async () => {
      node = await tested.startMortal();
      world = new GroupWorld(node);
    });
    afterAll(() => world?.close());

    it.each(protocols)('finds the members of a %s group where it left them', async (protocol) => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('stays'), topics: [topic], protocol, ...quick(protocol) };
      const members = [world.member(base), world.member(base)];
      await until('each reads two', () =>
        members.every(({ owned, member }) => owned.size === 2 && member.state === 'stable'),
      );
      const before = members.map(({ told }) => told.length);
      await node.kill();
      await until('they notice', () => members.every(({ member }) => member.trouble !== undefined));
      await node.start();
      await until('they are back', () =>
        members.every(({ member }) => member.trouble === undefined && member.state === 'stable'),
      );
      await shared(members, { [topic]: 4 });
      expect(members.map(({ told }) => told.length)).toEqual(before);
    });

    it.each(protocols)('takes the commit of a %s group that was made meanwhile', async (protocol) => {
      const topic = await world.topic(1);
      const probe = world.member({ groupId: world.name('commit'), topics: [topic], protocol, ...quick(protocol) });
      await shared([probe], { [topic]: 1 });
      await node.kill();
      const commit = probe.member.commit([{ topic, partition: 0, offset: 5 }]);
      await node.start();
      await commit;
      expect(await probe.member.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 5 }]);
    });

    it.each(protocols)(
      'is away for longer than the session of a %s group: everything is lost, then read again',
      async (protocol) => {
        const topic = await world.topic(2);
        const options = { groupId: world.name('lapse'), topics: [topic], protocol, sessionTimeoutMs: 6_000 };
        const probe = world.member({ ...options, ...quick(protocol) });
        await shared([probe], { [topic]: 2 });
        await node.kill();
        await until('it takes itself for lost', () => probe.told.includes(`! ${topic}/0`), 30_000);
        expect(probe.names).toEqual([]);
        expect(probe.member.trouble).toContain('no word from the coordinator');
        await expect(probe.member.commit([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({
          code: 'ILLEGAL_GENERATION',
        });
        await node.start();
        await shared([probe], { [topic]: 2 });
        expect(probe.member.trouble).toBeUndefined();
      },
    );
  });
}

function quick(protocol: string): { heartbeatMs?: number } {
  return protocol === 'classic' ? { heartbeatMs: 300 } : {};
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeNetwork } from '@trunkline/platform';
import { startApacheKafka, startTestBroker, until } from '@trunkline/testing';
import { apacheKafka as tested, kafkaBrokers } from './brokers.js';
import { GroupWorld, shared } from './groups-kit.js';

interface Restartable {
  readonly bootstrap: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const PORT = 30_410;
const KAFKA_PORT = 30_420;

async function trunkline(): Promise<Restartable> {
  const config = { 'group.initial.rebalance.delay.ms': '0', listeners: `PLAINTEXT://127.0.0.1:${PORT}` };
  const test = await startTestBroker({ network: new NodeNetwork(), config });
  return {
    bootstrap: `127.0.0.1:${PORT}`,
    stop: () => test.broker.close(),
    start: () => test.restart(),
    close: () => test.stop(),
  };
}

async function apacheKafka(): Promise<Restartable> {
  const node = await startApacheKafka({ port: KAFKA_PORT });
  return { bootstrap: node.bootstrap, stop: () => node.kill(), start: () => node.start(), close: () => node.close() };
}

describeRestarts('Trunkline', trunkline, ['classic']);
if (kafkaBrokers().length > 1)
  describeRestarts('Apache Kafka', apacheKafka, tested.has.consumerGroups ? ['classic', 'consumer'] : ['classic']);

/** What members do while their coordinator is gone. */
function describeRestarts(
  name: string,
  make: () => Promise<Restartable>,
  protocols: readonly ('classic' | 'consumer')[],
): void {
  describe(`a coordinator that restarts: ${name}`, () => {
    let node: Restartable;
    let world: GroupWorld;

    beforeAll(async () => {
      node = await make();
      world = new GroupWorld(node.bootstrap);
    });

    afterAll(async () => {
      await world.close();
      await node.close();
    });

    it.each(protocols)('finds the members of a %s group where it left them', async (protocol) => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('stays'), topics: [topic], protocol, ...quick(protocol) };
      const members = [world.member(base), world.member(base)];
      await until('each reads two', () =>
        members.every(({ owned, member }) => owned.size === 2 && member.state === 'stable'),
      );
      const before = members.map(({ told }) => told.length);
      await node.stop();
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
      await node.stop();
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
        await node.stop();
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

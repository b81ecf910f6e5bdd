import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Assignor,
  KafkaClient,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
} from '@trunkline/client';
import { until } from '@trunkline/testing';
import kafkajs from 'kafkajs';
import { type TestedBroker, nodePorts } from './brokers.js';
import { GroupWorld, type Probe, shared } from './groups-kit.js';

/** How the members of a classic group share their topics. */
export function describeSharing(tested: TestedBroker): void {
  describe(`sharing in classic groups on ${tested.name}`, () => {
    let world: GroupWorld;
    beforeAll(async () => {
      world = await GroupWorld.start(tested);
    });
    afterAll(() => world?.close());

    it.each([rangeAssignor, roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor])(
      'shares by $name among members that come and go',
      async (assignor) => {
        const topic = await world.topic(6);
        const options = {
          groupId: world.name(assignor.name),
          topics: [topic],
          heartbeatMs: 200,
          assignors: [assignor],
        };
        const members = [world.member(options), world.member(options)];
        await shared(members, { [topic]: 6 });
        const third = world.member(options);
        await shared([...members, third], { [topic]: 6 });
        expect(third.owned.size).toBe(2);
        await members[0]!.member.close();
        await shared([members[1]!, third], { [topic]: 6 });
      },
    );

    it('shares by the range that a group of range and sticky members agrees upon', async () => {
      const topic = await world.topic(4);
      const groupId = world.name('agree');
      const base = { groupId, topics: [topic], heartbeatMs: 200 };
      const both = world.member({ ...base, assignors: [stickyAssignor, rangeAssignor] });
      const one = world.member({ ...base, assignors: [rangeAssignor] });
      await shared([both, one], { [topic]: 4 });
    });

    it('shares as an assignor of the caller says', async () => {
      const topic = await world.topic(4);
      const first: Assignor = {
        name: 'all-to-the-first',
        protocol: 'eager',
        assign: (peers, partitionsOf) => {
          const all = Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition }));
          return new Map([[peers.map(({ memberId }) => memberId).toSorted()[0]!, all]]);
        },
      };
      const options = { groupId: world.name('custom'), topics: [topic], heartbeatMs: 200, assignors: [first] };
      const members = [world.member(options), world.member(options)];
      await shared(members, { [topic]: 4 });
      expect(members.map(({ owned }) => owned.size)).toContain(4);
    });

    it('refuses a member that shares no assignor with the group, and says so', async () => {
      const topic = await world.topic(1);
      const base = { groupId: world.name('inconsistent'), topics: [topic], heartbeatMs: 200 };
      await world.member({ ...base, assignors: [rangeAssignor] }).member.ready;
      const other = world.member({ ...base, assignors: [stickyAssignor] });
      await until('the trouble is told', () => other.member.trouble?.includes('INCONSISTENT_GROUP_PROTOCOL'));
    });

    it('shares different subscriptions', async () => {
      const [left, right] = [await world.topic(3), await world.topic(3)];
      const groupId = world.name('different');
      const both = world.member({ groupId, topics: [left, right], heartbeatMs: 200 });
      const one = world.member({ groupId, topics: [right], heartbeatMs: 200 });
      await shared([both, one], { [left]: 3, [right]: 3 });
      expect(one.owned.size).toBe(3);
    });

    it('reads what a topic grows by', async () => {
      const topic = await world.topic(2);
      const groupId = world.name('growth');
      const members = [
        world.member({ groupId, topics: [topic], heartbeatMs: 200 }),
        world.member({ groupId, topics: [topic], heartbeatMs: 200 }),
      ];
      await shared(members, { [topic]: 2 });
      await world.grow(topic, 5);
      await shared(members, { [topic]: 5 });
    });

    it('reads a topic that is made after it was subscribed to', async () => {
      const name = world.name('later');
      const probe = world.member({ groupId: world.name('early'), topics: [name], heartbeatMs: 200 });
      await probe.member.ready;
      expect(probe.names).toEqual([]);
      await world.topic(2, name);
      await shared([probe], { [name]: 2 });
    });

    it('reads the topics that match a pattern, also those that come later', async () => {
      const prefix = world.name('pattern');
      await world.topic(2, `${prefix}-a`);
      await world.topic(1, `not-${prefix}`);
      const options = {
        groupId: world.name('matching'),
        pattern: `${prefix}-.`,
        heartbeatMs: 200,
        patternRefreshMs: 300,
      };
      const members = [world.member(options), world.member(options)];
      await shared(members, { [`${prefix}-a`]: 2 });
      await world.topic(3, `${prefix}-b`);
      await shared(members, { [`${prefix}-a`]: 2, [`${prefix}-b`]: 3 });
    });

    it('settles when 20 members come at once, and when half of them go', async () => {
      const topic = await world.topic(40);
      const groupId = world.name('storm');
      // Three connections to share, as three processes would have.
      const clients = [0, 1, 2].map(() => new KafkaClient({ bootstrap: world.bootstrap }, nodePorts()));
      const members: Probe[] = Array.from({ length: 20 }, (_, index) =>
        world.member({ groupId, topics: [topic], heartbeatMs: 500 }, {}, clients[index % 3]),
      );
      await shared(members, { [topic]: 40 });
      expect(members.map(({ owned }) => owned.size)).toEqual(members.map(() => 2));
      const [leaving, staying] = [members.slice(0, 10), members.slice(10)];
      await Promise.all(leaving.map(({ member }) => member.close()));
      await shared(staying, { [topic]: 40 });
      expect(staying.map(({ owned }) => owned.size)).toEqual(staying.map(() => 4));
      await Promise.all(staying.map(({ member }) => member.close()));
      await Promise.all(clients.map((client) => client.close()));
    });

    it('shares a topic with members of kafkajs, whoever leads', async () => {
      const topic = await world.topic(4);
      const groupId = world.name('kafkajs');
      const kafka = new kafkajs.Kafka({ brokers: [world.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
      const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
      const range: kafkajs.PartitionAssigner = ({ cluster }) => ({
        name: 'range',
        version: 0,
        protocol: ({ topics }) => ({
          name: 'range',
          metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
        }),
        assign: async ({ members, topics }) => {
          const ids = members.map(({ memberId }) => memberId).toSorted();
          return ids.map((memberId, index) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({
              version: 0,
              assignment: Object.fromEntries(
                topics.map((name) => {
                  const indexes = cluster.findTopicPartitionMetadata(name).map(({ partitionId }) => partitionId);
                  return [name, indexes.toSorted((a, b) => a - b).filter((at) => at % ids.length === index)];
                }),
              ),
              userData: Buffer.alloc(0),
            }),
          }));
        },
      });
      let theirs: string[] = [];
      const consumer = kafka.consumer({
        groupId,
        partitionAssigners: [range],
        heartbeatInterval: 200,
        maxWaitTimeInMs: 200,
      });
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        theirs = Object.entries(payload.memberAssignment).flatMap(([name, indexes]) =>
          indexes.map((index) => `${name}/${index}`),
        );
      });
      const first = world.member({ groupId, topics: [topic], heartbeatMs: 200, assignors: [rangeAssignor] });
      await shared([first], { [topic]: 4 });
      await consumer.connect();
      await consumer.subscribe({ topics: [topic] });
      await consumer.run({ eachMessage: async () => {} });
      const sharedWithThem = (ours: readonly Probe[]): Promise<unknown> =>
        until('every partition is read by exactly one', () => {
          const all = [...theirs, ...ours.flatMap(({ names }) => names)].toSorted();
          return theirs.length > 0 && all.join() === [0, 1, 2, 3].map((index) => `${topic}/${index}`).join();
        });
      await sharedWithThem([first]);
      // Now kafkajs leads, and reads our subscriptions.
      const second = world.member({ groupId, topics: [topic], heartbeatMs: 200, assignors: [rangeAssignor] });
      await second.member.ready;
      await first.member.close();
      await sharedWithThem([second]);
      await consumer.disconnect();
      await shared([second], { [topic]: 4 });
    });
  });
}

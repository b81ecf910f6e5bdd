import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeaveGroup, ConsumerGroupHeartbeat } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokersWith, trunkline } from './brokers.js';
import { GroupWorld, type Probe, shared } from './groups-kit.js';

for (const tested of kafkaBrokersWith('consumerGroups')) describeConsumerProtocol(tested);

/** Members of groups whose assignments the broker makes (KIP-848). */
function describeConsumerProtocol(tested: TestedBroker): void {
  describe(`groups of the consumer protocol on ${tested.name}`, () => {
    let world: GroupWorld;
    const protocol = 'consumer' as const;
    beforeAll(async () => {
      world = await GroupWorld.start(tested);
    });
    afterAll(() => world?.close());

    it('gives a lone member everything', async () => {
      const topic = await world.topic(3);
      const probe = world.member({ groupId: world.name('lone'), topics: [topic], protocol });
      await shared([probe], { [topic]: 3 });
      expect(probe.member.generation.generation).toBeGreaterThan(0);
      expect(probe.member.trouble).toBeUndefined();
    });

    it('takes over what a member that leaves had', async () => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('leave'), topics: [topic], protocol };
      const [first, second] = [world.member(base), world.member(base)];
      await shared([first, second], { [topic]: 4 });
      await first.member.close();
      expect(first.names).toEqual([]);
      await shared([second], { [topic]: 4 });
    });

    it('gives partitions away only after they were let go of, and the rest is read on', async () => {
      const topic = await world.topic(2);
      const base = { groupId: world.name('revoke'), topics: [topic], protocol };
      let letGo: () => void = () => {};
      const finished = new Promise<void>((resolve) => (letGo = resolve));
      const first = world.member(base, { onRevoked: () => finished });
      await shared([first], { [topic]: 2 });
      const second = world.member(base);
      await until('something was taken away', () => first.told.some((line) => line.startsWith('-')));
      expect(second.names).toEqual([]);
      expect(first.told.filter((line) => line.startsWith('-'))).toHaveLength(1);
      letGo();
      await shared([first, second], { [topic]: 2 });
    });

    it('commits in the name of its epoch, and tells what is committed', async () => {
      const topic = await world.topic(2);
      const probe = world.member({ groupId: world.name('commit'), topics: [topic], protocol });
      await shared([probe], { [topic]: 2 });
      await probe.member.commit([{ topic, partition: 1, offset: 42, leaderEpoch: 0, metadata: 'so far' }]);
      const asked = [
        { topic, partition: 0 },
        { topic, partition: 1 },
      ];
      const wanted = [undefined, { topic, partition: 1, offset: 42, leaderEpoch: 0, metadata: 'so far' }];
      expect(await probe.member.committed(asked)).toEqual(wanted);
    });

    it('commits while its epoch moves', async () => {
      const topic = await world.topic(6);
      const base = { groupId: world.name('epochs'), topics: [topic], protocol };
      const first = world.member(base);
      await shared([first], { [topic]: 6 });
      let offset = 0;
      let isOver = false;
      const committing = (async () => {
        while (!isOver) {
          const [partition] = first.member.assigned;
          offset += 1;
          if (partition !== undefined) await first.member.commit([{ ...partition, offset }]);
        }
      })();
      const others = [world.member(base), world.member(base)];
      const settled = shared([first, ...others], { [topic]: 6 });
      const outcome = committing.then(
        () => 'never refused',
        (reason: Error) => reason.message,
      );
      await settled;
      isOver = true;
      // The partition may be taken away between the look and the commit.
      expect(await outcome).toMatch(/never refused|was taken away before it was committed/);
      expect(offset).toBeGreaterThan(1);
    });

    it.each(['range', 'uniform'])('shares by the %s assignor of the broker', async (serverAssignor) => {
      const topic = await world.topic(4);
      const base = { groupId: world.name(serverAssignor), topics: [topic], protocol, serverAssignor };
      const members = [world.member(base), world.member(base)];
      // The first may have everything for a moment, until the second is known.
      await until('each has half', () => members.every(({ owned }) => owned.size === 2));
      await shared(members, { [topic]: 4 });
    });

    it('ends when the broker does not know its assignor', async () => {
      const topic = await world.topic(1);
      const options = { groupId: world.name('assignor'), topics: [topic], protocol, serverAssignor: 'nothing' };
      const probe = world.member(options);
      await expect(probe.member.ready).rejects.toMatchObject({ code: 'UNSUPPORTED_ASSIGNOR' });
    });

    it('reads the topics that match a pattern of the broker, also those that come later', async () => {
      const prefix = world.name('pattern');
      await world.topic(2, `${prefix}-a`);
      const probe = world.member({ groupId: world.name('matching'), pattern: `${prefix}-.*`, protocol });
      await shared([probe], { [`${prefix}-a`]: 2 });
      await world.topic(1, `${prefix}-b`);
      await shared([probe], { [`${prefix}-a`]: 2, [`${prefix}-b`]: 1 });
    });

    it('ends when the broker cannot read its pattern', async () => {
      const probe = world.member({ groupId: world.name('bad'), pattern: '(?<=a)b', protocol });
      await expect(probe.member.ready).rejects.toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' });
    });

    it('reads what a topic grows by', async () => {
      const topic = await world.topic(2);
      const probe = world.member({ groupId: world.name('growth'), topics: [topic], protocol });
      await shared([probe], { [topic]: 2 });
      await world.grow(topic, 4);
      await shared([probe], { [topic]: 4 });
    });

    it('loses everything when it is put out, and comes back by itself', async () => {
      const topic = await world.topic(2);
      const groupId = world.name('out');
      const probe = world.member({ groupId, topics: [topic], protocol });
      await shared([probe], { [topic]: 2 });
      await world.client.cluster.ask({ kind: 'coordinator', type: 'group', key: groupId }, ConsumerGroupHeartbeat, {
        groupId,
        memberId: probe.member.generation.memberId,
        memberEpoch: -1,
      });
      const commit = probe.member.commit([{ topic, partition: 0, offset: 1 }]);
      await expect(commit).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
      expect(probe.told).toContain(`! ${topic}/0`);
      await shared([probe], { [topic]: 2 });
      expect(probe.member.trouble).toBeUndefined();
    });

    it('keeps the partitions of a static member that restarts', async () => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('static'), topics: [topic], protocol };
      const other = world.member({ ...base, instanceId: 'other' });
      const first = world.member({ ...base, instanceId: 'one' });
      await shared([other, first], { [topic]: 4 });
      const { names } = first;
      await first.member.close();
      const again = world.member({ ...base, instanceId: 'one' });
      await shared([other, again], { [topic]: 4 });
      expect(again.names).toEqual(names);
      expect(other.told.filter((line) => line.startsWith('-'))).toEqual([]);
    });

    it('waits for an instance id that another has, and says so', async () => {
      const topic = await world.topic(1);
      const base = { groupId: world.name('twice'), topics: [topic], protocol, instanceId: 'one' };
      const first = world.member(base);
      await shared([first], { [topic]: 1 });
      const second = world.member(base);
      await until('the trouble is told', () => second.member.trouble?.includes('UNRELEASED_INSTANCE_ID'));
      await first.member.close();
      await shared([second], { [topic]: 1 });
    });

    it('settles when 20 members come at once', async () => {
      const topic = await world.topic(40);
      const groupId = world.name('storm');
      const members: Probe[] = Array.from({ length: 20 }, () => world.member({ groupId, topics: [topic], protocol }));
      await shared(members, { [topic]: 40 });
      expect(members.map(({ owned }) => owned.size)).toEqual(members.map(() => 2));
    });

    it('shares a group with members of the classic protocol', async () => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('mixed'), topics: [topic] };
      const classic = world.member({ ...base, heartbeatMs: 300 });
      await classic.member.ready;
      const modern = world.member({ ...base, protocol });
      await shared([classic, modern], { [topic]: 4 });
      await classic.member.close();
      await shared([modern], { [topic]: 4 });
    });

    it('cannot be put out of the classic way', async () => {
      const topic = await world.topic(1);
      const groupId = world.name('foreign');
      const probe = world.member({ groupId, topics: [topic], protocol });
      await shared([probe], { [topic]: 1 });
      const { body } = await world.client.cluster.ask(
        { kind: 'coordinator', type: 'group', key: groupId },
        LeaveGroup,
        { groupId, members: [{ memberId: 'nobody' }] },
      );
      expect(body.members[0]?.errorCode).toBe(25);
      expect(probe.member.state).toBe('stable');
    });
  });
}

describe('the consumer protocol on a broker that does not know it', () => {
  it('is refused with what to do', async () => {
    const world = await GroupWorld.start(trunkline);
    const probe = world.member({ groupId: world.name('old'), topics: ['nothing'], protocol: 'consumer' });
    await expect(probe.member.ready).rejects.toMatchObject({ code: 'UNSUPPORTED_BROKER' });
    await world.close();
  });
});

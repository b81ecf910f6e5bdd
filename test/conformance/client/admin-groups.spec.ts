import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { describeAdmin } from './admin-kit.js';
import { codeOf } from './client-kit.js';
import { kafkaBrokers, kafkaBrokersWith } from './brokers.js';
import { GroupWorld, shared } from './groups-kit.js';
import { ShareWorld, take } from './share-kit.js';

describeAdmin('offsets of groups', (world) => {
  it('are set for a group that was not there', async () => {
    const { groups } = world().admin;
    const [topic, group] = [await world().topic({ partitions: 2 }), world().name('group')];
    const set = await groups.alterOffsets(group, [
      { topic, partition: 0, offset: 5, metadata: 'half' },
      { topic, partition: 1, offset: 7, leaderEpoch: 0 },
    ]);
    set.check();
    const offsets = (await groups.listOffsets([{ groupId: group }])).value(group);
    expect(offsets.value({ topic, partition: 0 })).toEqual({ offset: 5, leaderEpoch: undefined, metadata: 'half' });
    expect(offsets.value({ topic, partition: 1 })).toEqual({ offset: 7, leaderEpoch: 0, metadata: '' });
    await groups.delete([group]);
  });

  it('are refused for a topic that is none, and set for the others', async () => {
    const { groups } = world().admin;
    const [topic, group] = [await world().topic({ partitions: 1 }), world().name('group')];
    const set = await groups.alterOffsets(group, [
      { topic, partition: 0, offset: 5 },
      { topic: 'admin-no-such-topic', partition: 0, offset: 5 },
    ]);
    expect(set.get({ topic, partition: 0 })?.ok).toBe(true);
    expect(set.get({ topic: 'admin-no-such-topic', partition: 0 })?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    await groups.delete([group]);
  });

  it('are refused with too much text beside them', async () => {
    const [topic, group] = [await world().topic({ partitions: 1 }), world().name('group')];
    const offset = { topic, partition: 0, offset: 5, metadata: 'x'.repeat(5_000) };
    const set = await world().admin.groups.alterOffsets(group, [offset]);
    expect(set.get({ topic, partition: 0 })?.error?.code).toBe('OFFSET_METADATA_TOO_LARGE');
  });

  it('are not set below 0', async () => {
    const call = world().admin.groups.alterOffsets('g', [{ topic: 't', partition: 0, offset: -1 }]);
    expect(await codeOf(call)).toBe('MISUSE');
  });

  it('are undefined where there is none', async () => {
    const [topic, group] = [await world().topic({ partitions: 1 }), world().name('group')];
    const key = { topic, partition: 0 };
    const listed = await world().admin.groups.listOffsets([{ groupId: group, partitions: [key] }]);
    expect(listed.value(group).get(key)).toEqual({ ok: true, value: undefined });
  });

  it('of many groups come with one call', async () => {
    const { groups } = world().admin;
    const topic = await world().topic({ partitions: 1 });
    const names = Array.from({ length: 12 }, () => world().name('group'));
    for (const name of names) (await groups.alterOffsets(name, [{ topic, partition: 0, offset: 3 }])).check();
    const listed = await groups.listOffsets(names.map((groupId) => ({ groupId })));
    expect(listed.values().map((offsets) => offsets.value({ topic, partition: 0 })?.offset)).toEqual(
      names.map(() => 3),
    );
    (await groups.delete(names)).check();
  });

  it('are forgotten one by one', async () => {
    const { groups } = world().admin;
    const [topic, group] = [await world().topic({ partitions: 2 }), world().name('group')];
    const [first, second] = [
      { topic, partition: 0 },
      { topic, partition: 1 },
    ];
    (
      await groups.alterOffsets(group, [
        { ...first, offset: 5 },
        { ...second, offset: 6 },
      ])
    ).check();
    (await groups.deleteOffsets(group, [first])).check();
    const left = (await groups.listOffsets([{ groupId: group }])).value(group);
    expect(left.keys()).toEqual([second]);
    await groups.delete([group]);
  });

  it('of a group that is none cannot be forgotten', async () => {
    const key = { topic: 'admin-no-such-topic', partition: 0 };
    const deleted = await world().admin.groups.deleteOffsets('admin-no-such-group', [key]);
    expect(deleted.get(key)?.error?.code).toBe('GROUP_ID_NOT_FOUND');
  });
});

for (const tested of kafkaBrokers()) {
  describe(`groups of ${tested.name}`, () => {
    let groups: GroupWorld;
    let admin: Admin;
    let topic: string;
    const group = `admin-members-${process.pid}-${Date.now()}`;

    beforeAll(async () => {
      groups = await GroupWorld.start(tested);
      admin = new Admin(groups.client.cluster, { timeoutMs: 15_000 });
      topic = await groups.topic(4, `${group}-topic`);
      const [lone, fixed] = [
        groups.member({ groupId: group, topics: [topic] }),
        groups.member({ groupId: group, topics: [topic], instanceId: 'fixed' }),
      ];
      await shared([lone, fixed], { [topic]: 4 });
    });
    afterAll(async () => {
      await admin?.close();
      await groups?.close();
    });

    it('are listed over all brokers, with state and type', async () => {
      const listed = (await admin.groups.list()).find(({ groupId }) => groupId === group);
      expect(listed).toEqual({ groupId: group, protocolType: 'consumer', state: 'Stable', type: 'classic' });
    });

    it('are listed by their brokers', async () => {
      const listed = await admin.groups.listByBroker();
      expect(
        listed
          .values()
          .flat()
          .some(({ groupId }) => groupId === group),
      ).toBe(true);
      expect(listed.keys()).toEqual([...groups.client.cluster.image.brokers.keys()]);
    });

    it('are listed by state', async () => {
      const inState = async (state: 'Stable' | 'Empty') =>
        (await admin.groups.list({ states: [state] })).some(({ groupId }) => groupId === group);
      expect([await inState('Stable'), await inState('Empty')]).toEqual([true, false]);
    });

    it('are listed by type', async () => {
      const ofType = async (type: 'classic' | 'consumer') =>
        (await admin.groups.list({ types: [type] })).some(({ groupId }) => groupId === group);
      expect([await ofType('classic'), await ofType('consumer')]).toEqual([true, false]);
    });

    it('are described with members and what those own', async () => {
      const described = (await admin.groups.describeClassic([group])).value(group);
      expect(described).toMatchObject({ type: 'classic', state: 'Stable', protocol: 'cooperative-sticky' });
      expect(new Set(described.members.map(({ groupInstanceId }) => groupInstanceId))).toEqual(
        new Set(['fixed', undefined]),
      );
      const owned = described.members.flatMap(({ assignment }) => assignment!.map(({ partition }) => partition));
      expect(new Set(owned)).toEqual(new Set([0, 1, 2, 3]));
    });

    it('are found whatever their type, and those that are none are said to be so', async () => {
      const described = await admin.groups.describe([group, 'admin-no-such-group']);
      expect(described.value(group).type).toBe('classic');
      expect(described.get('admin-no-such-group')?.error?.code).toBe('GROUP_ID_NOT_FOUND');
    });

    it('tell what one may do with them, when asked', async () => {
      const described = await admin.groups.describeClassic([group], { includeAuthorizedOperations: true });
      expect(described.value(group).authorizedOperations).toEqual(expect.arrayContaining(['read', 'describe']));
    });

    it('with members keep their offsets', async () => {
      const key = { topic, partition: 0 };
      const set = await admin.groups.alterOffsets(group, [{ ...key, offset: 1 }]);
      expect(set.get(key)?.error?.code).toBe('UNKNOWN_MEMBER_ID');
      expect(set.get(key)?.error?.advice).toBe('end the members of the group, or commit as one of them');
    });

    it('keep offsets of topics that a member reads', async () => {
      const key = { topic, partition: 0 };
      const deleted = await admin.groups.deleteOffsets(group, [key]);
      expect(deleted.get(key)?.error?.code).toBe('GROUP_SUBSCRIBED_TO_TOPIC');
    });

    it('with members are not deleted, others of the call are', async () => {
      const other = `${group}-empty`;
      (await admin.groups.alterOffsets(other, [{ topic, partition: 0, offset: 1 }])).check();
      const deleted = await admin.groups.delete([group, other, 'admin-no-such-group']);
      expect(deleted.get(group)?.error?.code).toBe('NON_EMPTY_GROUP');
      expect(deleted.get(other)?.ok).toBe(true);
      expect(deleted.get('admin-no-such-group')?.error?.code).toBe('GROUP_ID_NOT_FOUND');
    });

    it('do not lose members that they do not have', async () => {
      const removed = await admin.groups.removeMembers(group, [{ memberId: 'nobody' }, { groupInstanceId: 'nothing' }]);
      expect(removed.get({ memberId: 'nobody' })?.error?.code).toBe('UNKNOWN_MEMBER_ID');
      expect(removed.get({ groupInstanceId: 'nothing' })?.error?.code).toBe('UNKNOWN_MEMBER_ID');
    });

    it('lose a static member that is removed', async () => {
      (await admin.groups.removeMembers(group, [{ groupInstanceId: 'fixed' }], { reason: 'a test' })).check();
      const memberIds = async () =>
        (await admin.groups.describeClassic([group])).value(group).members.map(({ memberId }) => memberId);
      const before = await memberIds();
      await until(
        'the static member is another or gone',
        async () => (await memberIds()).length <= 2 && before.length <= 2,
      );
    });

    it('lose all members at once', async () => {
      const own = `${group}-all`;
      const probe = groups.member({ groupId: own, topics: [topic] });
      await shared([probe], { [topic]: 4 });
      const removed = await admin.groups.removeAllMembers(own);
      expect(removed.size).toBe(1);
      removed.check();
    });
  });
}

for (const newer of kafkaBrokersWith('shareGroups'))
  describe(`newer groups of ${newer.name}`, () => {
    let groups: GroupWorld;
    let share: ShareWorld;
    let admin: Admin;

    beforeAll(async () => {
      groups = await GroupWorld.start(newer);
      share = new ShareWorld(groups);
      admin = new Admin(groups.client.cluster, { timeoutMs: 15_000 });
    });
    afterAll(async () => {
      await admin?.close();
      await share?.close();
      await groups?.close();
    });

    it('of consumers are described with epochs and assignments', async () => {
      const [topic, group] = [await groups.topic(2), groups.name('admin')];
      const probe = groups.member({ groupId: group, topics: [topic], protocol: 'consumer' });
      await shared([probe], { [topic]: 2 });
      const described = (await admin.groups.describe([group])).value(group);
      expect(described).toMatchObject({ type: 'consumer', state: 'Stable', assignor: 'uniform' });
      expect(described.members).toEqual([
        expect.objectContaining({
          protocol: 'consumer',
          subscribedTopics: [topic],
          assignment: [{ topic, topicId: expect.any(String), partitions: [0, 1] }],
        }),
      ]);
    });

    it('of consumers are none of the share groups', async () => {
      const [topic, group] = [await groups.topic(1), groups.name('admin')];
      await shared([groups.member({ groupId: group, topics: [topic], protocol: 'consumer' })], { [topic]: 1 });
      expect((await admin.groups.describeShare([group])).get(group)?.error?.code).toBe('GROUP_ID_NOT_FOUND');
    });

    it('that share are described with members', async () => {
      const [topic, group] = [await share.topic(), await share.group()];
      const consumer = share.consumer([topic], { groupId: group });
      await until('the member has its partition', async () => {
        await consumer.poll(100);
        const outcome = (await admin.groups.describeShare([group])).get(group);
        return outcome?.value?.members[0]?.assignment[0]?.partitions.length === 1;
      });
      expect((await admin.groups.describe([group])).value(group)).toMatchObject({ type: 'share', state: 'Stable' });
    });

    it('that share tell how far they are', async () => {
      const [topic, group] = [await share.topic(), await share.group()];
      await share.produce(topic, ['a', 'b', 'c']);
      const consumer = share.consumer([topic], { groupId: group });
      expect((await take(consumer, 3)).length).toBe(3);
      await consumer.poll(100); // Says that they were handled.
      await consumer.close();
      const key = { topic, partition: 0 };
      await until('all is acknowledged', async () => {
        const offsets = (await admin.shareGroups.describeOffsets([{ groupId: group }])).value(group);
        return offsets.get(key)?.value?.lag === 0;
      });
    });

    it('that share are set back, and forget where they were', async () => {
      const [topic, group] = [await share.topic(), share.name('set')];
      await share.produce(topic, ['a', 'b', 'c']);
      const key = { topic, partition: 0 };
      (await admin.shareGroups.alterOffsets(group, [{ ...key, startOffset: 1 }])).check();
      const told = async () =>
        (await admin.shareGroups.describeOffsets([{ groupId: group, partitions: [key] }])).value(group);
      expect((await told()).value(key).startOffset).toBe(1);
      (await admin.shareGroups.deleteOffsets(group, [topic])).check();
      expect((await told()).value(key).startOffset).toBeUndefined();
      await admin.groups.delete([group]);
    });

    it('that share keep their offsets while they have members', async () => {
      const [topic, group] = [await share.topic(), await share.group()];
      const consumer = share.consumer([topic], { groupId: group });
      await until('there is a member', async () => {
        await consumer.poll(100);
        return ((await admin.groups.describeShare([group])).get(group)?.value?.members.length ?? 0) > 0;
      });
      const key = { topic, partition: 0 };
      const set = await admin.shareGroups.alterOffsets(group, [{ ...key, startOffset: 0 }]);
      expect(set.get(key)?.error?.code).toBe('NON_EMPTY_GROUP');
    });

    it('that share have no offsets of topics that are none', async () => {
      const key = { topic: 'admin-no-such-topic', partition: 0 };
      const set = await admin.shareGroups.alterOffsets(share.name('none'), [{ ...key, startOffset: 0 }]);
      expect(set.get(key)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('of streams are none that are not there', async () => {
      const described = await admin.groups.describeStreams(['admin-no-such-group']);
      expect(described.get('admin-no-such-group')?.error?.code).toBe('GROUP_ID_NOT_FOUND');
    });
  });

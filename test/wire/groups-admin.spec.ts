import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DeleteGroups,
  DescribeGroups,
  FindCoordinator,
  ListGroups,
  Metadata,
  OffsetDelete,
  errorName,
} from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { createTopic } from './data-fixture.js';
import { commit, fetched, heartbeat, join, leave, startGroupBroker, subscription, sync } from './groups-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startGroupBroker();
  await createTopic(broker, 't', {}, 2);
  await createTopic(broker, 'u');
});
afterAll(() => broker.stop());

const versions = ([first, last]: readonly [number, number]): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** A stable group of one, which owns everything. */
async function stableGroup(group: string): Promise<{ memberId: string; generationId: number }> {
  const { memberId, generationId } = await join(broker, { group });
  await sync(broker, { group, memberId, generationId }, { [memberId]: 'all' });
  return { memberId, generationId };
}

describe('FindCoordinator', () => {
  it('makes the topic of groups when it is first asked, and is answered when it is there', async () => {
    const fresh = await startTestBroker({ config: { 'offsets.topic.num.partitions': '7' } });
    try {
      const before = await fresh.send(DescribeGroups, 5, { groups: ['g'] });
      expect(errorName(before.groups[0]!.errorCode)).toBe('NOT_COORDINATOR');
      expect(await heartbeat(fresh, { generationId: 1, memberId: 'm' })).toBe('NOT_COORDINATOR');
      expect((await fresh.send(ListGroups, 3, {})).groups).toEqual([]);
      const asks = Array.from({ length: 5 }, () => fresh.send(FindCoordinator, 3, { key: 'g', keyType: 0 }));
      for (const { errorCode, nodeId, port } of await Promise.all(asks))
        expect([errorCode, nodeId, port > 0]).toEqual([0, 1, true]);
      expect((await join(fresh)).error).toBe('NONE');
      const topics = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: '__consumer_offsets' }] as never;
      const {
        topics: [made],
      } = await fresh.send(Metadata, 12, { topics, allowAutoTopicCreation: false });
      expect(made).toMatchObject({ errorCode: 0, isInternal: true });
      expect(made!.partitions).toHaveLength(7);
    } finally {
      await fresh.stop();
    }
  });

  it.each(versions([0, 3]))('v%d: one key', async (version) => {
    const { port } = broker.broker.addresses[0]!.advertised;
    const answer = await broker.send(FindCoordinator, version, { key: 'any', ...(version >= 1 ? { keyType: 0 } : {}) });
    expect(answer).toMatchObject({ errorCode: 0, nodeId: 1, host: '127.0.0.1', port });
    if (version >= 1) expect(answer.errorMessage).toBe('NONE');
    if (version === 0) return;
    for (const keyType of [1, 2, 9]) {
      const refused = await broker.send(FindCoordinator, version, { key: 'any', keyType });
      expect(refused).toMatchObject({ errorCode: 42, nodeId: -1, host: '', port: -1 });
    }
  });

  it.each(versions([4, 6]))('v%d: several keys, each with an answer', async (version) => {
    const { coordinators } = await broker.send(FindCoordinator, version, {
      keyType: 0,
      coordinatorKeys: ['a', '', 'b'],
    });
    expect(coordinators).toMatchObject([
      { key: 'a', errorCode: 0, nodeId: 1 },
      { key: '', errorCode: 0, nodeId: 1 },
      { key: 'b', errorCode: 0, nodeId: 1 },
    ]);
    expect((await broker.send(FindCoordinator, version, { keyType: 0, coordinatorKeys: [] })).coordinators).toEqual([]);
    const refused = await broker.send(FindCoordinator, version, { keyType: 1, coordinatorKeys: ['x'] });
    expect(refused.coordinators).toMatchObject([{ key: 'x', errorCode: 42, nodeId: -1, host: '', port: -1 }]);
  });
});

describe('DescribeGroups', () => {
  it.each(versions(DescribeGroups.versions))(
    'v%d: a stable group, one that is forming, an empty one, an unknown one',
    async (version) => {
      const stable = await stableGroup(`stable-${version}`);
      const forming = await join(broker, { group: `forming-${version}`, version: 5, instanceId: 'i' });
      await commit(broker, { 't/0': 1 }, { group: `empty-${version}` });
      const groups = ['stable', 'forming', 'empty', 'unknown'].map((name) => `${name}-${version}`);
      const wish = { groups, ...(version >= 3 ? { includeAuthorizedOperations: true } : {}) };
      const { groups: told } = await broker.send(DescribeGroups, version, wish);
      expect(told.map(({ groupId, groupState, protocolType }) => [groupId, groupState, protocolType])).toEqual([
        [groups[0], 'Stable', 'consumer'],
        [groups[1], 'CompletingRebalance', 'consumer'],
        [groups[2], 'Empty', ''],
        [groups[3], 'Dead', ''],
      ]);
      expect(told[0]).toMatchObject({
        errorCode: 0,
        protocolData: 'range',
        members: [{ memberId: stable.memberId, groupInstanceId: null, clientId: 'test', clientHost: '/in-process' }],
        authorizedOperations: version >= 3 ? 3400 : -2147483648,
      });
      expect(told[0]!.members[0]!.memberMetadata).toEqual(subscription(['t']));
      expect(new TextDecoder().decode(told[0]!.members[0]!.memberAssignment)).toBe('all');
      expect(told[1]!.members).toMatchObject([
        { memberId: forming.memberId, groupInstanceId: version >= 4 ? 'i' : null, memberMetadata: new Uint8Array(0) },
      ]);
      expect(errorName(told[3]!.errorCode)).toBe(version >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE');
      if (version >= 6) expect(told[3]!.errorMessage).toBe(`Group unknown-${version} not found.`);
    },
  );
});

describe('ListGroups', () => {
  it.each(versions(ListGroups.versions))('v%d: what there is, by state and type in any case', async (version) => {
    const group = `listed-${version}`;
    await stableGroup(group);
    const list = async (states: string[] = [], types: string[] = []): Promise<string[]> => {
      const filters = {
        ...(version >= 4 ? { statesFilter: states } : {}),
        ...(version >= 5 ? { typesFilter: types } : {}),
      };
      const { errorCode, groups } = await broker.send(ListGroups, version, filters);
      expect(errorCode).toBe(0);
      return groups.map(({ groupId, groupState, groupType }) => `${groupId} ${groupState} ${groupType}`.trim());
    };
    const state = version >= 4 ? ' Stable' : '';
    const type = version >= 5 ? ' classic' : '';
    expect(await list()).toContain(`${group}${state}${type}`);
    if (version < 4) return;
    expect(await list(['STABLE'])).toContain(`${group} Stable${type}`);
    expect(await list(['stable', 'empty'])).toContain(`${group} Stable${type}`);
    expect(await list(['Empty'])).not.toContain(`${group} Stable${type}`);
    expect(await list(['nonsense'])).toEqual([]);
    if (version < 5) return;
    expect(await list([], ['CLASSIC'])).toContain(`${group} Stable classic`);
    expect(await list([], ['consumer'])).toEqual([]);
    expect(await list([], ['nonsense'])).toEqual([]);
  });
});

describe('DeleteGroups', () => {
  it.each(versions(DeleteGroups.versions))('v%d: empty groups go, whatever else is asked', async (version) => {
    const group = `delete-${version}`;
    const { memberId } = await stableGroup(group);
    await commit(broker, { 't/0': 4 }, { group: `${group}-offsets` });
    const ask = async (groupsNames: string[]) =>
      (await broker.send(DeleteGroups, version, { groupsNames })).results.map(({ groupId, errorCode }) => [
        groupId,
        errorName(errorCode),
      ]);
    expect(await ask([group, 'nobody-s', `${group}-offsets`, group])).toEqual([
      [group, 'NON_EMPTY_GROUP'],
      ['nobody-s', 'GROUP_ID_NOT_FOUND'],
      [`${group}-offsets`, 'NONE'],
    ]);
    expect(await fetched(broker, 't/0', `${group}-offsets`)).toMatchObject({ offset: -1 });
    await leave(broker, memberId, group);
    expect(await ask([group])).toEqual([[group, 'NONE']]);
    expect(await ask([group])).toEqual([[group, 'GROUP_ID_NOT_FOUND']]);
  });
});

describe('OffsetDelete', () => {
  it('removes single offsets, but not of topics that the group reads', async () => {
    const group = 'trimmed';
    const member = await stableGroup(group);
    await commit(broker, { 't/0': 1, 'u/0': 2 }, { group, ...member });
    const ask = async (groupId: string, topics: Record<string, number[]>) => {
      const wanted = Object.entries(topics).map(([name, indexes]) => ({
        name,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
      }));
      const answer = await broker.send(OffsetDelete, 0, { groupId, topics: wanted });
      const each = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)));
      return [errorName(answer.errorCode), ...each];
    };
    expect(await ask('', {})).toEqual(['INVALID_GROUP_ID']);
    expect(await ask('nobody-s', { t: [0] })).toEqual(['GROUP_ID_NOT_FOUND']);
    expect(await ask(group, { t: [0, 9], no: [0], u: [0] })).toEqual([
      'NONE',
      'GROUP_SUBSCRIBED_TO_TOPIC',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'NONE',
    ]);
    expect(await fetched(broker, 'u/0', group)).toMatchObject({ offset: -1 });
    expect(await fetched(broker, 't/0', group)).toMatchObject({ offset: 1 });
    const connect = await join(broker, { group: 'workers', protocolType: 'connect' });
    expect(connect.error).toBe('NONE');
    expect(await ask('workers', { t: [0] })).toEqual(['NON_EMPTY_GROUP']);
  });
});

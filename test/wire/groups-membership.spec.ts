import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Heartbeat, JoinGroup, LeaveGroup, SyncGroup, errorName } from '@trunkline/protocol';
import { type TestBroker, until } from '@trunkline/testing';
import { heartbeat, join, joinFully, leave, startGroupBroker, subscription, sync } from './groups-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startGroupBroker();
});
afterAll(() => broker.stop());

const versions = ([first, last]: readonly [number, number]): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('JoinGroup', () => {
  it.each(versions(JoinGroup.versions))('v%d: a member alone joins, and leads', async (version) => {
    const group = `join-${version}`;
    const first = await join(broker, { group, version });
    expect(first.error).toBe(version >= 4 ? 'MEMBER_ID_REQUIRED' : 'NONE');
    const answer = version >= 4 ? await join(broker, { group, version, memberId: first.memberId }) : first;
    expect(answer).toMatchObject({
      error: 'NONE',
      generationId: 1,
      protocolName: 'range',
      protocolType: version >= 7 ? 'consumer' : null,
      leader: answer.memberId,
      skipAssignment: false,
      members: [{ memberId: answer.memberId, groupInstanceId: null }],
    });
    expect(answer.members[0]!.metadata).toEqual(subscription(['t']));
    expect(answer.memberId).toMatch(/^test-.{22}$/);
  });

  it.each(versions(JoinGroup.versions))('v%d: what is wrong is told at once', async (version) => {
    const none = version >= 7 ? null : '';
    const refused = { generationId: -1, protocolName: none, leader: '', members: [] };
    expect(await join(broker, { version, group: '' })).toMatchObject({ error: 'INVALID_GROUP_ID', ...refused });
    for (const sessionTimeoutMs of [5_999, 1_800_001]) {
      expect(await join(broker, { version, sessionTimeoutMs })).toMatchObject({
        error: 'INVALID_SESSION_TIMEOUT',
        ...refused,
      });
    }
    expect(await join(broker, { version, memberId: 'nobody' })).toMatchObject({
      error: 'UNKNOWN_MEMBER_ID',
      memberId: 'nobody',
      ...refused,
    });
    expect(await join(broker, { version, protocols: [] })).toMatchObject({
      error: 'INCONSISTENT_GROUP_PROTOCOL',
      ...refused,
    });
    expect(await join(broker, { version, protocolType: '' })).toMatchObject({
      error: 'INCONSISTENT_GROUP_PROTOCOL',
      ...refused,
    });
  });

  it('a group has 200 members at the most when nobody says otherwise', async () => {
    const group = 'crowd';
    const others = Array.from({ length: 201 }, () => broker.connect());
    try {
      const first = await join(broker, { group });
      // The others wait until the first comes back; those that wait count.
      const waiting = others.slice(0, 200).map((other) => join(other, { group }));
      const last = await join(others[200]!, { group });
      expect([last.error, last.memberId]).toEqual(['GROUP_MAX_SIZE_REACHED', '']);
      expect((await join(broker, { group, memberId: first.memberId })).error).toBe('GROUP_MAX_SIZE_REACHED');
      const joined = await Promise.all(waiting);
      expect(joined.map(({ error }) => error)).toEqual(joined.map(() => 'NONE'));
    } finally {
      for (const other of others) other.close();
    }
  });

  it('v0 has no rebalance timeout: the session timeout serves for both', async () => {
    const { memberId } = await join(broker, { group: 'old', version: 0, sessionTimeoutMs: 6_000 });
    await sync(broker, { group: 'old', version: 0, generationId: 1, memberId }, { [memberId]: 'all' });
    const group = broker.broker.parts.groups.shardOf('old').machine;
    expect(group.describe('old', { wallMs: 0, monotonicMs: 0 })?.members).toHaveLength(1);
    const other = broker.connect();
    const joining = join(other, { group: 'old', version: 0, sessionTimeoutMs: 6_000 });
    await until(
      'a rebalance',
      async () => (await heartbeat(broker, { group: 'old', generationId: 1, memberId })) !== 'NONE',
    );
    expect((await join(broker, { group: 'old', version: 0, memberId, sessionTimeoutMs: 6_000 })).generationId).toBe(2);
    expect((await joining).generationId).toBe(2);
    other.close();
  });

  it('waits for the other members, and tells all of the same generation', async () => {
    const group = 'sharing';
    const [one, two] = [broker.connect('one'), broker.connect('two')];
    const leader = await joinFully(one, { group, version: 9 });
    await sync(one, { group, version: 5, ...leader }, { [leader.memberId]: 'p0,p1' });
    const joining = joinFully(two, { group, version: 9 });
    await until('a rebalance', async () => (await heartbeat(broker, { group, ...leader })) === 'REBALANCE_IN_PROGRESS');
    const again = await join(one, { group, version: 9, memberId: leader.memberId });
    const follower = await joining;
    expect([again.generationId, follower.generationId]).toEqual([2, 2]);
    expect(follower.members).toEqual([]);
    expect(again.members.map(({ memberId }) => memberId)).toEqual([leader.memberId, follower.memberId]);
    const waiting = sync(two, { group, version: 5, ...follower });
    const shares = { [leader.memberId]: 'p0', [follower.memberId]: 'p1' };
    expect(await sync(one, { group, version: 5, ...again }, shares)).toMatchObject({ error: 'NONE', text: 'p0' });
    expect(await waiting).toMatchObject({ error: 'NONE', text: 'p1', protocolType: 'consumer', protocolName: 'range' });
    one.close();
    two.close();
  });

  it('carries metadata and assignments of hundreds of kilobytes', async () => {
    const metadata = new Uint8Array(400_000).fill(7);
    const answer = await join(broker, { group: 'large', protocols: [{ name: 'range', metadata }] });
    expect(answer.members[0]!.metadata).toEqual(metadata);
    const text = 'a'.repeat(700_000);
    expect((await sync(broker, { group: 'large', ...answer }, { [answer.memberId]: text })).text).toBe(text);
    await broker.restart();
    const again = await until('the group is read again', async () => {
      const synced = await sync(broker, { group: 'large', ...answer });
      return synced.error === 'COORDINATOR_LOAD_IN_PROGRESS' ? undefined : synced;
    });
    expect([again.error, again.text === text]).toEqual(['NONE', true]);
  });

  it('with a static id comes back without a rebalance, and fences who it was', async () => {
    const wish = { group: 'static', version: 9, instanceId: 'i1' };
    const first = await join(broker, wish);
    await sync(broker, { group: 'static', version: 5, ...first, instanceId: 'i1' }, { [first.memberId]: 'mine' });
    const second = await join(broker, wish);
    expect(second).toMatchObject({ error: 'NONE', generationId: 1, skipAssignment: true, leader: second.memberId });
    expect(second.memberId).not.toBe(first.memberId);
    expect(await heartbeat(broker, { group: 'static', ...first, instanceId: 'i1' })).toBe('FENCED_INSTANCE_ID');
    const synced = await sync(broker, { group: 'static', version: 5, ...second, instanceId: 'i1' });
    expect(synced).toMatchObject({ error: 'NONE', text: 'mine' });
    const older = await join(broker, { ...wish, version: 8 });
    expect(older).toMatchObject({ error: 'NONE', skipAssignment: false, leader: second.memberId, members: [] });
  });
});

describe('SyncGroup', () => {
  it.each(versions(SyncGroup.versions))('v%d: gives the assignment, and says what is wrong', async (version) => {
    const group = `sync-${version}`;
    const { memberId, generationId } = await join(broker, { group });
    const wish = { group, version, memberId, generationId };
    expect((await sync(broker, { ...wish, group: '' })).error).toBe('INVALID_GROUP_ID');
    expect((await sync(broker, { ...wish, group: 'nobody-s' })).error).toBe('UNKNOWN_MEMBER_ID');
    expect((await sync(broker, { ...wish, memberId: 'nobody' })).error).toBe('UNKNOWN_MEMBER_ID');
    expect((await sync(broker, { ...wish, generationId: 7 })).error).toBe('ILLEGAL_GENERATION');
    expect(await sync(broker, wish, { [memberId]: 'all', stranger: 'none' })).toMatchObject({
      error: 'NONE',
      text: 'all',
    });
    expect(await sync(broker, wish)).toMatchObject({ error: 'NONE', text: 'all' });
  });

  it('v5 wants type and name of the protocol, and checks them', async () => {
    const { memberId, generationId } = await join(broker, { group: 'typed' });
    const ask = async (protocolType: string | null, protocolName: string | null): Promise<string> => {
      const wish = { groupId: 'typed', generationId, memberId, groupInstanceId: null, assignments: [] };
      return errorName((await broker.send(SyncGroup, 5, { ...wish, protocolType, protocolName })).errorCode);
    };
    expect(await ask(null, 'range')).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(await ask('consumer', null)).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(await ask('connect', 'range')).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(await ask('consumer', 'sticky')).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(await ask('consumer', 'range')).toBe('NONE');
  });
});

describe('Heartbeat', () => {
  it.each(versions(Heartbeat.versions))('v%d: says whether the member is one', async (version) => {
    const group = `beat-${version}`;
    const { memberId, generationId } = await join(broker, { group });
    const wish = { group, version, memberId, generationId };
    expect(await heartbeat(broker, wish)).toBe('NONE');
    expect(await heartbeat(broker, { ...wish, generationId: 0 })).toBe('ILLEGAL_GENERATION');
    expect(await heartbeat(broker, { ...wish, memberId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await heartbeat(broker, { ...wish, group: 'nobody-s' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await heartbeat(broker, { ...wish, group: '' })).toBe('INVALID_GROUP_ID');
    if (version >= 3) expect(await heartbeat(broker, { ...wish, instanceId: 'i' })).toBe('UNKNOWN_MEMBER_ID');
  });
});

describe('LeaveGroup', () => {
  it.each(versions(LeaveGroup.versions))('v%d: a member goes', async (version) => {
    const group = `leave-${version}`;
    const { memberId } = await join(broker, { group });
    expect(await leave(broker, 'nobody', group, version)).toBe('UNKNOWN_MEMBER_ID');
    expect(await leave(broker, memberId, 'nobody-s', version)).toBe('UNKNOWN_MEMBER_ID');
    expect(await leave(broker, memberId, '', version)).toBe('INVALID_GROUP_ID');
    expect(await leave(broker, memberId, group, version)).toBe('NONE');
    expect(await leave(broker, memberId, group, version)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('v3 and up removes several, each with an answer of its own, static ones by their instance', async () => {
    const group = 'leaving';
    const { memberId } = await join(broker, { group, version: 5, instanceId: 'i1' });
    const ask = [
      { memberId: 'nobody', groupInstanceId: null },
      { memberId: '', groupInstanceId: 'i2' },
      { memberId: 'other', groupInstanceId: 'i1' },
      { memberId: '', groupInstanceId: 'i1' },
      { memberId: '', groupInstanceId: null },
    ];
    const { errorCode, members } = await broker.send(LeaveGroup, 4, { groupId: group, members: ask });
    expect(errorCode).toBe(0);
    expect(members.map((member) => errorName(member.errorCode))).toEqual([
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'FENCED_INSTANCE_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
    ]);
    expect(members.map(({ memberId: id, groupInstanceId }) => ({ memberId: id, groupInstanceId }))).toEqual(ask);
    expect(await heartbeat(broker, { group, generationId: 1, memberId })).toBe('UNKNOWN_MEMBER_ID');
    expect(await broker.send(LeaveGroup, 4, { groupId: group, members: [] })).toMatchObject({
      errorCode: 0,
      members: [],
    });
  });
});

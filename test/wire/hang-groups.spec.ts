import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeNetwork } from '@trunkline/platform';
import { DescribeGroups, OffsetDelete, errorName } from '@trunkline/protocol';
import { RawClient, type TestBroker, until } from '@trunkline/testing';
import { commit, heartbeat, join, joinFully, leave, startGroupBroker, subscription, sync } from './groups-fixture.js';
import { answerWithin, portOf } from './hang-fixture.js';

// Apache Kafka never answers some of these, so our broker is asked alone.
let broker: TestBroker;
beforeAll(async () => {
  broker = await startGroupBroker({ network: new NodeNetwork() });
});
afterAll(() => broker.stop());
const clients: RawClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
const connect = async (): Promise<RawClient> => {
  const client = await RawClient.connect(portOf(broker));
  clients.push(client);
  return client;
};

/** Bytes that are no subscription of a consumer. */
const GARBAGE: Readonly<Record<string, Uint8Array>> = {
  'no bytes': new Uint8Array(0),
  'one byte': Uint8Array.of(0),
  'a version alone': Uint8Array.of(0, 0),
  'a version below zero': Uint8Array.of(0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0),
  'a version of the future and nothing else': Uint8Array.of(0x7f, 0xff),
  'two billion topics': Uint8Array.of(0, 0, 0x7f, 0xff, 0xff, 0xff),
  'minus two topics': Uint8Array.of(0, 0, 0xff, 0xff, 0xff, 0xfe),
  'a topic name that ends early': Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 9, 0x61),
  'a topic name that is not UTF-8': Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 2, 0xc3, 0x28, 0xff, 0xff, 0xff, 0xff),
  noise: Uint8Array.from({ length: 999 }, (_, at) => (at * 7919) % 256),
};
const kinds = Object.keys(GARBAGE);
const range = (metadata: Uint8Array) => [{ name: 'range', metadata }];
const good = range(subscription(['t']));

let groups = 0;
const newGroup = (): string => `hang-${groups++}`;

describe.each(kinds)('a member whose metadata is %s', (kind) => {
  const bad = range(GARBAGE[kind]!);

  it.each([0, 3, 4, 5, 9])('v%d: leads a group alone, and joins it again', async (version) => {
    const client = await connect();
    const wish = { group: newGroup(), version, protocols: bad };
    const first = await answerWithin(joinFully(client, wish));
    expect(first).toMatchObject({ error: 'NONE', generationId: 1, leader: first.memberId });
    const again = await answerWithin(join(client, { ...wish, memberId: first.memberId }));
    expect(again.error).toBe('NONE');
    const synced = await answerWithin(sync(client, { ...again, group: wish.group }, { [again.memberId]: 'mine' }));
    expect([synced.error, synced.text]).toEqual(['NONE', 'mine']);
  });

  it.each([
    ['follows a good leader', good, bad],
    ['leads good followers', bad, good],
    ['leads its like', bad, bad],
  ])('%s: both are answered, get their parts, and one goes on without the other', async (_what, leads, follows) => {
    const [one, two] = [await connect(), await connect()];
    const group = newGroup();
    const first = await answerWithin(joinFully(one, { group, protocols: leads }));
    const joining = joinFully(two, { group, protocols: follows });
    await until('the leader is told', async () => (await heartbeat(one, { group, ...first })) !== 'NONE');
    const again = join(one, { group, protocols: leads, memberId: first.memberId });
    const [leader, follower] = await answerWithin(Promise.all([again, joining]));
    expect([leader.error, follower.error, leader.members.length]).toEqual(['NONE', 'NONE', 2]);
    const parts = { [leader.memberId]: 'a', [follower.memberId]: 'b' };
    const waiting = sync(two, { group, ...follower });
    const synced = await answerWithin(Promise.all([sync(one, { group, ...leader }, parts), waiting]));
    expect(synced.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(await answerWithin(heartbeat(two, { group, ...follower }))).toBe('NONE');
    expect(await answerWithin(leave(one, leader.memberId, group))).toBe('NONE');
    const alone = await answerWithin(join(two, { group, protocols: follows, memberId: follower.memberId }));
    expect(alone).toMatchObject({ error: 'NONE', leader: follower.memberId });
  });

  it('was a good one before, and becomes a good one again', async () => {
    const client = await connect();
    const group = newGroup();
    const { memberId } = await answerWithin(joinFully(client, { group, protocols: good }));
    for (const protocols of [bad, good, bad]) {
      const joined = await answerWithin(join(client, { group, protocols, memberId }));
      expect(joined.error).toBe('NONE');
      const synced = await answerWithin(sync(client, { group, ...joined }, { [memberId]: 'mine' }));
      expect(synced.error).toBe('NONE');
    }
  });

  it('has a static id and comes back as another process', async () => {
    const group = newGroup();
    for (const [before, after] of [
      [good, bad],
      [bad, good],
      [bad, bad],
    ] as const) {
      const client = await connect();
      const wish = { group, version: 9, instanceId: 'i1' };
      const first = await answerWithin(join(client, { ...wish, protocols: before }));
      await answerWithin(sync(client, { group, version: 5, ...first, instanceId: 'i1' }, { [first.memberId]: 'mine' }));
      const second = await answerWithin(join(client, { ...wish, protocols: after }));
      expect(second.error).toBe('NONE');
      const member = { group, version: 5, ...second, instanceId: 'i1' };
      expect((await answerWithin(sync(client, member, { [second.memberId]: 'mine' }))).error).toBe('NONE');
    }
  });

  it('is seen and committed for, and its group is emptied like others', async () => {
    const client = await connect();
    const group = newGroup();
    const joined = await answerWithin(joinFully(client, { group, protocols: bad }));
    const member = { group, ...joined };
    await answerWithin(sync(client, member, { [joined.memberId]: 'mine' }));
    expect(await answerWithin(commit(client, { 't/0': 1 }, member))).toHaveLength(1);
    const asked = { groups: [group], includeAuthorizedOperations: false };
    const { groups: told } = await answerWithin(client.send(DescribeGroups, 5, asked));
    expect(told[0]).toMatchObject({ errorCode: 0, groupState: 'Stable' });
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0 }] }];
    const deleted = await answerWithin(client.send(OffsetDelete, 0, { groupId: group, topics }));
    expect(['NONE', 'GROUP_SUBSCRIBED_TO_TOPIC', 'UNKNOWN_TOPIC_OR_PARTITION']).toContain(
      errorName(deleted.topics[0]?.partitions[0]?.errorCode ?? deleted.errorCode),
    );
    expect(await answerWithin(leave(client, joined.memberId, group))).toBe('NONE');
  });
});

describe('groups of members with unreadable metadata', () => {
  it('are read again after a restart, and go on', async () => {
    const client = await connect();
    const joined = new Map<string, Awaited<ReturnType<typeof joinFully>>>();
    for (const kind of kinds) {
      const group = `again ${kind}`;
      const member = await answerWithin(joinFully(client, { group, protocols: range(GARBAGE[kind]!) }));
      await answerWithin(sync(client, { group, ...member }, { [member.memberId]: 'mine' }));
      joined.set(group, member);
    }
    await broker.restart();
    const after = await connect();
    for (const [group, member] of joined) {
      await until('the group is read again', async () => (await heartbeat(after, { group, ...member })) === 'NONE');
      const synced = await answerWithin(sync(after, { group, ...member }));
      expect([synced.error, synced.text]).toEqual(['NONE', 'mine']);
    }
  });

  it('lose a member whose session ends, and its partner is answered', async () => {
    const [one, two] = [await connect(), await connect()];
    const group = newGroup();
    const bad = range(GARBAGE['noise']!);
    await answerWithin(joinFully(one, { group, protocols: bad, sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 2_000 }));
    const alone = await answerWithin(joinFully(two, { group, protocols: bad, rebalanceTimeoutMs: 2_000 }));
    expect(alone).toMatchObject({ error: 'NONE', leader: alone.memberId });
  });
});

import { Heartbeat, JoinGroup, LeaveGroup, SyncGroup } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import type { Conversation } from '../conversation.js';
import { Member, assignment, subscription } from '../group-member.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { makeGroup } from '../topics.js';

async function newMember(on: Conversation, base: string, instanceId: string | null = null): Promise<Member> {
  return Member.of(on, await makeGroup(on, await on.connect(), base), 'first', instanceId);
}

/** Waits, without keeping anything, until the member is told that the group rebalances. */
async function told(member: Member): Promise<void> {
  const { client, groupId, generationId, memberId } = member;
  await until('the rebalance', async () => {
    const answer = await client.send(Heartbeat, 0, { groupId, generationId, memberId });
    return answer.errorCode === 27;
  });
}

/** Two members of one group; the first leads. */
async function pair(on: Conversation, base: string, protocolsOfSecond?: [string, string][]) {
  const first = await Member.alone(on, base);
  const second = await Member.of(on, first.groupId, 'second');
  const joins = second.join(protocolsOfSecond === undefined ? {} : { protocols: protocolsOfSecond });
  await told(first);
  const rejoins = first.join();
  await rejoins;
  await joins;
  return { first, second };
}

const JOINING = scenarios('join group', {
  'an empty group id': async (on) => {
    await (await Member.of(on, '', 'nobody')).joinOnce();
    await (await Member.of(on, '', 'nobody')).joinOnce({ version: 0 });
  },
  'session timeouts out of range': async (on) => {
    const member = await newMember(on, 'join-session');
    for (const sessionTimeoutMs of [5999, 1_800_001, 0, -1]) await member.joinOnce({ sessionTimeoutMs });
    await member.join({ sessionTimeoutMs: 6000 });
  },
  'an unknown member of an unknown group': async (on) => {
    await (await newMember(on, 'join-unknown')).joinOnce({ memberId: 'nobody' });
  },
  'an unknown member of a known group': async (on) => {
    const first = await Member.alone(on, 'join-stranger');
    await (await Member.of(on, first.groupId, 'stranger')).joinOnce({ memberId: 'nobody' });
  },
  'a protocol type that is another': async (on) => {
    const first = await Member.alone(on, 'join-type');
    await (await Member.of(on, first.groupId, 'second')).joinOnce({ protocolType: 'connect' });
  },
  'no common protocol': async (on) => {
    const first = await Member.alone(on, 'join-protocol');
    await (await Member.of(on, first.groupId, 'second')).joinOnce({ protocols: [['roundrobin', subscription('t')]] });
  },
  'no protocols at all': async (on) => {
    const member = await newMember(on, 'join-none');
    await member.joinOnce({ protocols: [] });
    await member.joinOnce({ protocols: [], version: 3 });
    await member.joinOnce({ protocolType: '' });
  },
  'the one protocol that all members know is chosen': async (on) => {
    const wish = { protocols: [['a', subscription('t')] as const, ['b', subscription('t')] as const] };
    const first = await Member.alone(on, 'join-common', wish);
    const second = await Member.of(on, first.groupId, 'second');
    const joins = second.join({
      protocols: [
        ['c', subscription('t')],
        ['b', subscription('t')],
      ],
    });
    await told(first);
    await first.join(wish);
    await joins;
  },
  'metadata that nobody can read': async (on) => {
    const member = await newMember(on, 'join-garbage');
    await member.join({ protocols: [['range', '']] });
    await member.sync();
  },
  'a protocol type of another kind of group': async (on) => {
    const member = await newMember(on, 'join-connect');
    await member.join({ protocolType: 'connect', protocols: [['sessioned', 'x']] });
    await member.sync([[member.memberId, new Uint8Array([1, 2, 3])]], { version: 5 });
    await member.heartbeat();
  },
  'two members, one leader': async (on) => {
    const { first, second } = await pair(on, 'join-pair');
    const waits = second.sync();
    await first.sync([
      [first.memberId, assignment('t', 0)],
      [second.memberId, assignment('t', 1)],
    ]);
    await waits;
    await first.heartbeat();
    await second.heartbeat();
    await first.sync();
    await second.sync();
  },
  'a follower that joins again with the same gets its generation at once': async (on) => {
    const { first, second } = await pair(on, 'join-again');
    await first.sync([[second.memberId, assignment('t', 1)]]);
    await second.join();
    await first.heartbeat();
  },
  'a member that joins again while the group completes': async (on) => {
    const { first, second } = await pair(on, 'join-completing');
    await second.join();
    await first.join();
    await first.sync();
    await second.sync();
  },
  'the leader that joins again alone starts a generation': async (on) => {
    const first = await Member.alone(on, 'join-leader');
    await first.join();
    await first.heartbeat('beats before the sync');
    await first.sync();
  },
  'an id that was handed out and not used yet': async (on) => {
    const member = await newMember(on, 'join-pending');
    await member.joinOnce();
    await member.heartbeat('beats');
    await member.sync();
    await member.leave();
    await member.joinOnce();
  },
  'a pending member while others are stable': async (on) => {
    const first = await Member.alone(on, 'join-pending-two');
    const second = await Member.of(on, first.groupId, 'second');
    await second.joinOnce();
    await first.heartbeat();
    await second.heartbeat();
    await second.leave();
  },
});

const STATIC = scenarios('static members', {
  'no id is asked for first': async (on) => {
    const member = await newMember(on, 'static', 'i1');
    await member.joinOnce();
    await member.sync([[member.memberId, assignment('t', 0)]]);
  },
  'the newcomer takes the place and the old one is fenced': async (on) => {
    const old = await Member.alone(on, 'static-fenced', { instanceId: 'i1' });
    const newcomer = await Member.of(on, old.groupId, 'newcomer', 'i1');
    await newcomer.joinOnce();
    await old.heartbeat();
    await old.sync();
    await old.joinOnce();
    await old.leave();
    await newcomer.heartbeat();
    await newcomer.sync();
  },
  'a leader that comes back is told to skip the assignment': async (on) => {
    const old = await Member.alone(on, 'static-skip', { instanceId: 'i1', version: 9 });
    const newcomer = await Member.of(on, old.groupId, 'newcomer', 'i1');
    await newcomer.joinOnce({ version: 9 });
    await newcomer.sync([], { version: 5, protocolType: 'consumer', protocolName: 'range' });
  },
  'an unknown instance with a member id': async (on) => {
    const member = await Member.alone(on, 'static-unknown', { instanceId: 'i1' });
    const other = await Member.of(on, member.groupId, 'other', 'i2');
    await other.joinOnce({ memberId: member.memberId });
    await other.heartbeat('beats', { memberId: member.memberId, generationId: 1 });
  },
  'leaving by the instance alone': async (on) => {
    const member = await Member.alone(on, 'static-leave', { instanceId: 'i1' });
    const members = [
      { memberId: '', groupInstanceId: 'i1' },
      { memberId: '', groupInstanceId: 'i9' },
    ];
    await on.ask(member.client, 'by instance', LeaveGroup, 3, { groupId: member.groupId, members });
    await member.heartbeat();
  },
  'an empty instance id': async (on) => {
    await (await newMember(on, 'static-empty', '')).joinOnce();
  },
});

const OTHER_TOPICS = scenarios('static members', {
  'a newcomer with other topics starts a generation': async (on) => {
    const old = await Member.alone(on, 'static-other', { instanceId: 'i1' });
    const newcomer = await Member.of(on, old.groupId, 'newcomer', 'i1');
    await newcomer.joinOnce({ protocols: [['range', subscription('t', 'u')]] });
    await newcomer.sync();
  },
});

const SYNCING = scenarios('sync group', {
  'of an unknown group and of an empty one': async (on) => {
    const member = await newMember(on, 'sync-unknown');
    await member.sync([], { memberId: 'nobody', generationId: 1 });
    await (await Member.of(on, '', 'nobody')).sync();
  },
  'an unknown member, an old and a future generation': async (on) => {
    const first = await Member.alone(on, 'sync-old');
    await first.sync([], { memberId: 'nobody' });
    await first.sync([], { generationId: 0 });
    await first.sync([], { generationId: 9 });
  },
  'while the group prepares': async (on) => {
    const first = await Member.alone(on, 'sync-preparing');
    const second = await Member.of(on, first.groupId, 'second');
    const joins = second.join();
    await told(first);
    await first.sync();
    await first.heartbeat();
    await first.join();
    await joins;
  },
  'another protocol than was chosen': async (on) => {
    const first = await Member.alone(on, 'sync-protocol');
    await first.sync([], { version: 5, protocolType: 'consumer', protocolName: 'roundrobin' });
    await first.sync([], { version: 5, protocolType: 'connect', protocolName: 'range' });
    await first.sync([], { version: 5, protocolType: 'consumer', protocolName: 'range' });
  },
  'an assignment for a stranger': async (on) => {
    const member = await newMember(on, 'sync-stranger');
    await member.join();
    await member.sync([
      ['nobody', assignment('t', 0)],
      [member.memberId, assignment('t', 1)],
    ]);
  },
  'a member without an assignment gets an empty one': async (on) => {
    const { first, second } = await pair(on, 'sync-empty');
    const waits = second.sync();
    await first.sync([[first.memberId, assignment('t', 0, 1)]]);
    await waits;
  },
});

const BEATING = scenarios('heartbeat', {
  'in each state': async (on) => {
    const first = await newMember(on, 'beat-states');
    await first.heartbeat('beats in no group', { memberId: 'nobody', generationId: 1 });
    await first.join();
    await first.heartbeat('beats while it completes');
    await first.sync();
    await first.heartbeat('beats when stable');
    await first.leave();
    await first.heartbeat('beats when empty');
  },
  'an unknown member, an old and a future generation': async (on) => {
    const first = await Member.alone(on, 'beat-old');
    await first.heartbeat('as nobody', { memberId: 'nobody' });
    await first.heartbeat('from the past', { generationId: 0 });
    await first.heartbeat('from the future', { generationId: 5 });
    await first.heartbeat('as a static member', { instanceId: 'i' });
  },
  'of an empty group id': async (on) => {
    await (await Member.of(on, '', 'nobody')).heartbeat();
  },
});

const LEAVING = scenarios('leave group', {
  'several members at once, known and unknown': async (on) => {
    const first = await Member.alone(on, 'leave-several');
    const members = [{ memberId: 'nobody' }, { memberId: first.memberId }, { memberId: first.memberId }];
    await on.ask(first.client, 'three', LeaveGroup, 4, { groupId: first.groupId, members });
    await first.heartbeat();
  },
  'of an unknown group, of an empty id, of nobody': async (on) => {
    const { client, groupId } = await newMember(on, 'leave-unknown');
    await on.ask(client, 'unknown', LeaveGroup, 3, { groupId, members: [{ memberId: 'm' }] });
    await on.ask(client, 'unknown', LeaveGroup, 1, { groupId, memberId: 'm' });
    await on.ask(client, 'empty', LeaveGroup, 3, { groupId: '', members: [{ memberId: 'm' }] });
    await on.ask(client, 'nobody', LeaveGroup, 3, { groupId, members: [] });
  },
  'the next member gets its partitions at once': async (on) => {
    const { first, second } = await pair(on, 'leave-next');
    await first.sync([[second.memberId, assignment('t', 1)]]);
    await second.leave();
    await told(first);
    await first.join();
    await first.sync();
  },
});

export const GROUPS: readonly Scenario[] = [
  ...everyVersion('join group', JoinGroup, [0, 9], 'joins alone', async (on, version) => {
    const member = await newMember(on, `join-v${version}`);
    await member.join({ version });
    await member.sync([[member.memberId, assignment('t', 0)]]);
    await member.join({ version, protocols: [['range', subscription('t', 'u')]] });
  }),
  ...JOINING,
  ...STATIC,
  ...OTHER_TOPICS.map((scenario) =>
    decided(scenario, 'who comes back with other topics must get them; Apache Kafka keeps the old assignment'),
  ),
  ...everyVersion('sync group', SyncGroup, [0, 5], 'hands out', async (on, version) => {
    const member = await newMember(on, `sync-v${version}`);
    await member.join();
    const named = version < 5 ? {} : { protocolType: 'consumer', protocolName: 'range' };
    await member.sync([[member.memberId, assignment('t', 0, 1)]], { version, ...named });
    await member.sync([], { version, ...named, generationId: 7 });
  }),
  ...SYNCING,
  ...everyVersion('heartbeat', Heartbeat, [0, 4], 'beats', async (on, version) => {
    const member = await Member.alone(on, `beat-v${version}`);
    await member.heartbeat('beats', { version });
    await member.heartbeat('beats too early', { version, generationId: 7 });
  }),
  ...BEATING,
  ...everyVersion('leave group', LeaveGroup, [0, 5], 'leaves', async (on, version) => {
    const { client, groupId, memberId } = await Member.alone(on, `leave-v${version}`);
    const asked = version < 3 ? { memberId } : { members: [{ memberId }] };
    await on.ask(client, 'leaves', LeaveGroup, version, { groupId, ...asked });
    await on.ask(client, 'is gone', LeaveGroup, version, { groupId, ...asked });
  }),
  ...LEAVING,
];

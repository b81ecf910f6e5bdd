import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { OffsetCommit, OffsetFetch, errorName } from '@trunkline/protocol';
import type { TestBroker } from '@trunkline/testing';
import { type TestTopic, createTopic, deleteTopic } from './data-fixture.js';
import { NO_ID, commit, fetched, join, startGroupBroker, sync } from './groups-fixture.js';

let broker: TestBroker;
let topic: TestTopic;
beforeAll(async () => {
  broker = await startGroupBroker();
  topic = await createTopic(broker, 't', {}, 3);
});
afterAll(() => broker.stop());

const versions = ([first, last]: readonly [number, number]): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
const NOTHING = { committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode: 0 };
const UNKNOWN_ID = 'AAAAAAAAQQ2AAAAAAAAAAA' as Uuid;

describe('OffsetCommit and OffsetFetch', () => {
  it.each(versions([2, 9]))('v%d: what is committed comes back unchanged', async (version) => {
    const group = `commit-${version}`;
    const metadata = `of ${version}: é`;
    const wish = { group, version, metadata, leaderEpoch: 4 };
    expect(await commit(broker, { 't/0': 5, 't/1': 2 ** 53, 't/7': 1, 'no/0': 1 }, wish)).toEqual([
      'NONE',
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    const leaderEpoch = version >= 6 ? 4 : -1;
    expect(await fetched(broker, 't/0', group)).toEqual({ offset: 5, leaderEpoch, metadata });
    expect(await fetched(broker, 't/1', group)).toEqual({ offset: 2 ** 53, leaderEpoch, metadata });
    expect(await commit(broker, { 't/0': 6 }, { group, version, metadata: null })).toEqual(['NONE']);
    expect(await fetched(broker, 't/0', group)).toEqual({ offset: 6, leaderEpoch: -1, metadata: '' });
  });

  it('v10 names topics by id, and says which it does not know', async () => {
    const partitions = [{ partitionIndex: 1, committedOffset: 8n, committedLeaderEpoch: 2, committedMetadata: 'ten' }];
    const missing = [{ partitionIndex: 9, committedOffset: 8n, committedMetadata: '' }];
    const member = { groupId: 'by-id', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
    const wanted = [
      { topicId: topic.id, partitions },
      { topicId: UNKNOWN_ID, partitions },
      { topicId: NO_ID, partitions },
      { topicId: topic.id, partitions: missing },
    ];
    const answer = await broker.send(OffsetCommit, 10, { ...member, topics: wanted });
    expect(answer.topics.map(({ topicId, partitions: [only] }) => [topicId, errorName(only!.errorCode)])).toEqual([
      [topic.id, 'NONE'],
      [UNKNOWN_ID, 'UNKNOWN_TOPIC_ID'],
      [NO_ID, 'UNKNOWN_TOPIC_ID'],
      [topic.id, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
    const ask = (topics: { topicId: Uuid; partitionIndexes: number[] }[] | null) =>
      broker.send(OffsetFetch, 10, { groups: [{ groupId: 'by-id', memberId: null, memberEpoch: -1, topics }] });
    const named = await ask([
      { topicId: topic.id, partitionIndexes: [1, 0] },
      { topicId: UNKNOWN_ID, partitionIndexes: [0] },
    ]);
    const told = { partitionIndex: 1, committedOffset: 8n, committedLeaderEpoch: 2, metadata: 'ten', errorCode: 0 };
    expect(named.groups[0]!.topics).toMatchObject([
      { topicId: topic.id, partitions: [told, { partitionIndex: 0, ...NOTHING }] },
      { topicId: UNKNOWN_ID, partitions: [{ ...NOTHING, errorCode: 100 }] },
    ]);
    const all = await ask(null);
    expect(all.groups[0]!.topics).toMatchObject([{ topicId: topic.id, partitions: [told] }]);
  });

  it.each(versions([1, 7]))('OffsetFetch v%d: one group', async (version) => {
    await commit(broker, { 't/0': 3 }, { group: 'one', leaderEpoch: 1, metadata: 'm' });
    const committedLeaderEpoch = version >= 5 ? 1 : -1;
    const three = { partitionIndex: 0, committedOffset: 3n, committedLeaderEpoch, metadata: 'm', errorCode: 0 };
    const named = [
      { name: 't', partitionIndexes: [0, 2, 9] },
      { name: 'no', partitionIndexes: [0] },
    ];
    const answer = await broker.send(OffsetFetch, version, { groupId: 'one', topics: named });
    expect(answer.errorCode).toBe(0);
    expect(answer.topics).toMatchObject([
      { name: 't', partitions: [three, { partitionIndex: 2, ...NOTHING }, { partitionIndex: 9, ...NOTHING }] },
      { name: 'no', partitions: [NOTHING] },
    ]);
    const unknown = await broker.send(OffsetFetch, version, { groupId: 'nobody-s', topics: named.slice(1) });
    expect(unknown.topics).toMatchObject([{ name: 'no', partitions: [NOTHING] }]);
    if (version < 2) return;
    const all = await broker.send(OffsetFetch, version, { groupId: 'one', topics: null });
    expect(all.topics).toMatchObject([{ name: 't', partitions: [three] }]);
    expect((await broker.send(OffsetFetch, version, { groupId: 'nobody-s', topics: null })).topics).toEqual([]);
  });

  it.each([8, 9])('OffsetFetch v%d: several groups, each for itself', async (version) => {
    await commit(broker, { 't/0': 3 }, { group: 'first' });
    await commit(broker, { 't/1': 4 }, { group: 'second' });
    const groups = [
      { groupId: 'first', topics: null },
      { groupId: 'second', topics: [{ name: 't', partitionIndexes: [0, 1] }] },
      { groupId: 'nobody-s', topics: null },
    ];
    const answer = await broker.send(OffsetFetch, version, { groups, requireStable: true });
    expect(answer.groups).toMatchObject([
      {
        groupId: 'first',
        errorCode: 0,
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 3n }] }],
      },
      { groupId: 'second', errorCode: 0, topics: [{ name: 't', partitions: [NOTHING, { committedOffset: 4n }] }] },
      { groupId: 'nobody-s', errorCode: 0, topics: [] },
    ]);
  });

  it('refuse too much metadata for that partition only', async () => {
    expect(await commit(broker, { 't/0': 1 }, { group: 'long', metadata: 'm'.repeat(4097) })).toEqual([
      'OFFSET_METADATA_TOO_LARGE',
    ]);
    expect(await commit(broker, { 't/0': 1 }, { group: 'long', metadata: 'm'.repeat(4096) })).toEqual(['NONE']);
  });

  it('take commits of the generation only, and of nobody while nobody is in the group', async () => {
    const group = 'members';
    const { memberId, generationId } = await join(broker, { group });
    const wish = { group, memberId, generationId };
    expect(await commit(broker, { 't/0': 1 }, wish)).toEqual(['REBALANCE_IN_PROGRESS']);
    await sync(broker, wish, { [memberId]: 'all' });
    expect(await commit(broker, { 't/0': 1, 'no/0': 1 }, wish)).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(await commit(broker, { 't/0': 2 }, { ...wish, generationId: 9 })).toEqual(['ILLEGAL_GENERATION']);
    expect(await commit(broker, { 't/0': 2 }, { ...wish, generationId: -1 })).toEqual(['ILLEGAL_GENERATION']);
    expect(await commit(broker, { 't/0': 2 }, { ...wish, memberId: 'nobody' })).toEqual(['UNKNOWN_MEMBER_ID']);
    expect(await commit(broker, { 't/0': 2 }, { group })).toEqual(['UNKNOWN_MEMBER_ID']);
    expect(await commit(broker, { 't/0': 2 }, { ...wish, group: 'nobody-s' })).toEqual(['ILLEGAL_GENERATION']);
    expect(await commit(broker, { 't/0': 2 }, { ...wish, group: 'nobody-s', version: 9 })).toEqual([
      'GROUP_ID_NOT_FOUND',
    ]);
    expect(await fetched(broker, 't/0', group)).toMatchObject({ offset: 1 });
  });

  it('v2 to v4 may bring a retention of their own', async () => {
    await commit(broker, { 't/0': 1 }, { group: 'brief', version: 4, retentionMs: 1_000 });
    const stored = broker.broker.parts.groups.shardOf('brief').machine.offset('brief', 't', 0);
    expect(stored!.expiresMs - stored!.committedMs).toBe(1_000);
    await commit(broker, { 't/0': 1 }, { group: 'brief', version: 5 });
    expect(broker.broker.parts.groups.shardOf('brief').machine.offset('brief', 't', 0)!.expiresMs).toBe(-1);
  });

  it('forget a topic that was deleted, also when another one of its name comes', async () => {
    const doomed = await createTopic(broker, 'doomed');
    await commit(broker, { 'doomed/0': 5, 't/0': 6 }, { group: 'reader' });
    await deleteTopic(broker, doomed);
    expect(await fetched(broker, 'doomed/0', 'reader')).toMatchObject({ offset: -1 });
    await createTopic(broker, 'doomed');
    expect(await fetched(broker, 'doomed/0', 'reader')).toMatchObject({ offset: -1 });
    await broker.restart();
    expect(await fetched(broker, 'doomed/0', 'reader')).toMatchObject({ offset: -1 });
    expect(await fetched(broker, 't/0', 'reader')).toMatchObject({ offset: 6 });
  });
});

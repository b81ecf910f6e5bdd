import { DeleteGroups, DescribeGroups, ListGroups, OffsetCommit, OffsetDelete, OffsetFetch } from '@trunkline/protocol';
import type { RawClient } from '@trunkline/testing';
import type { Conversation } from '../conversation.js';
import { Member, assignment, subscription } from '../group-member.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, makeGroup, makeTopic } from '../topics.js';

interface Setting {
  readonly client: RawClient;
  readonly topic: Topic;
  readonly groupId: string;
}

async function setting(on: Conversation, base: string): Promise<Setting> {
  const client = await on.connect();
  const topic = await makeTopic(on, client, base, { partitions: 3 });
  return { client, topic, groupId: await makeGroup(on, client, base) };
}

interface CommitWish {
  readonly offset?: number;
  readonly partition?: number;
  readonly metadata?: string | null;
  readonly leaderEpoch?: number;
  readonly generationId?: number;
  readonly memberId?: string;
  readonly instanceId?: string;
}

const commitBody = (groupId: string, { name, id }: Topic, wish: CommitWish = {}) => ({
  groupId,
  generationIdOrMemberEpoch: wish.generationId ?? -1,
  memberId: wish.memberId ?? '',
  groupInstanceId: wish.instanceId ?? null,
  topics: [
    {
      name,
      topicId: id,
      partitions: [
        {
          partitionIndex: wish.partition ?? 0,
          committedOffset: BigInt(wish.offset ?? 5),
          committedLeaderEpoch: wish.leaderEpoch ?? -1,
          committedMetadata: wish.metadata === undefined ? 'note' : wish.metadata,
        },
      ],
    },
  ],
});

const fetchBody = (version: number, groupId: string, topics: readonly Topic[] | null, partitions = [0, 1]) => {
  const asked = topics?.map(({ name, id }) => ({ name, topicId: id, partitionIndexes: partitions })) ?? null;
  return version < 8 ? { groupId, topics: asked } : { groups: [{ groupId, topics: asked }] };
};

/** Apache Kafka keeps these in hash maps. */
const ANY_ORDER = { unordered: ['topics', 'partitions'] };

const COMMIT = scenarios('offset commit', {
  'offsets, metadata and epochs come back': async (on) => {
    const { client, topic, groupId } = await setting(on, 'commit');
    await on.ask(client, 'all', OffsetCommit, 8, commitBody(groupId, topic, { leaderEpoch: 3, metadata: 'ä' }));
    await on.ask(client, 'null', OffsetCommit, 8, commitBody(groupId, topic, { partition: 1, metadata: null }));
    await on.ask(client, '-1', OffsetCommit, 8, commitBody(groupId, topic, { partition: 2, offset: -1 }));
    await on.ask(client, 'read', OffsetFetch, 8, fetchBody(8, groupId, [topic], [0, 1, 2]));
    await on.ask(client, 'lower', OffsetCommit, 8, commitBody(groupId, topic, { offset: 1 }));
    await on.ask(client, 'read', OffsetFetch, 5, fetchBody(5, groupId, [topic], [0]));
  },
  'metadata that is too large': async (on) => {
    const { client, topic, groupId } = await setting(on, 'commit-large');
    await on.ask(client, '4096', OffsetCommit, 8, commitBody(groupId, topic, { metadata: 'x'.repeat(4096) }));
    await on.ask(client, '4097', OffsetCommit, 8, commitBody(groupId, topic, { metadata: 'x'.repeat(4097) }));
    await on.ask(client, '2049 x 2', OffsetCommit, 8, commitBody(groupId, topic, { metadata: 'ä'.repeat(2049) }));
    await on.ask(client, 'read', OffsetFetch, 7, fetchBody(7, groupId, [topic]));
  },
  'unknown topics, partitions and ids': async (on) => {
    const { client, topic, groupId } = await setting(on, 'commit-unknown');
    await on.ask(client, 'topic', OffsetCommit, 8, commitBody(groupId, NO_TOPIC));
    await on.ask(client, 'partition', OffsetCommit, 8, commitBody(groupId, topic, { partition: 9 }));
    await on.ask(client, 'id', OffsetCommit, 10, commitBody(groupId, NO_TOPIC));
    const both = [...commitBody(groupId, NO_TOPIC).topics, ...commitBody(groupId, topic).topics];
    const { topics } = await client.send(OffsetCommit, 8, { ...commitBody(groupId, topic), topics: both });
    const codes = topics.map(({ name, partitions }) => [name, partitions[0]?.errorCode]);
    on.keep('one of two', { topics: codes }, ANY_ORDER);
  },
  'an empty group id and no topics': async (on) => {
    const { client, topic, groupId } = await setting(on, 'commit-empty');
    await on.ask(client, 'empty', OffsetCommit, 8, commitBody('', topic));
    await on.ask(client, 'no topics', OffsetCommit, 8, { ...commitBody(groupId, topic), topics: [] });
  },
  'members that are none': async (on) => {
    const { client, topic, groupId } = await setting(on, 'commit-none');
    for (const wish of [{ memberId: 'm' }, { generationId: 1 }, { memberId: 'm', generationId: 3 }]) {
      for (const version of [2, 8, 9]) {
        await on.ask(client, JSON.stringify(wish), OffsetCommit, version, commitBody(groupId, topic, wish));
      }
    }
    await on.ask(client, 'static', OffsetCommit, 8, commitBody(groupId, topic, { instanceId: 'i' }));
  },
  'in a group with members': async (on) => {
    const first = await Member.alone(on, 'commit-member');
    const { client, groupId, memberId, generationId } = first;
    const topic = await makeTopic(on, client, 'commit-member');
    const wishes: CommitWish[] = [
      { memberId, generationId },
      { memberId, generationId: generationId + 1 },
      { memberId, generationId: generationId - 1 },
      { memberId: 'nobody', generationId },
      { memberId: '', generationId: -1 },
      { memberId, generationId: -1 },
      { memberId, generationId, instanceId: 'i' },
    ];
    for (const [index, wish] of wishes.entries()) {
      await on.ask(client, `wish ${index}`, OffsetCommit, 8, commitBody(groupId, topic, wish));
    }
    await first.join();
    await on.ask(client, 'completing', OffsetCommit, 8, commitBody(groupId, topic, { memberId, generationId: 2 }));
    await first.sync();
    await first.leave();
    await on.ask(client, 'when empty', OffsetCommit, 8, commitBody(groupId, topic, { memberId, generationId: 2 }));
    await on.ask(client, 'by nobody', OffsetCommit, 8, commitBody(groupId, topic));
  },
  'of a static member that was fenced': async (on) => {
    const old = await Member.alone(on, 'commit-fenced', { instanceId: 'i1' });
    const { client, groupId, memberId, generationId } = old;
    const topic = await makeTopic(on, client, 'commit-fenced');
    await (await Member.of(on, groupId, 'newcomer', 'i1')).joinOnce();
    const wish = { memberId, generationId, instanceId: 'i1' };
    await on.ask(client, 'fenced', OffsetCommit, 8, commitBody(groupId, topic, wish));
  },
});

const FETCH = scenarios('offset fetch', {
  'of a group that nobody knows': async (on) => {
    const { client, topic, groupId } = await setting(on, 'read-unknown');
    for (const version of [1, 5, 9]) {
      await on.ask(client, 'named', OffsetFetch, version, fetchBody(version, groupId, [topic]));
    }
    await on.ask(client, 'all', OffsetFetch, 5, fetchBody(5, groupId, null));
    await on.ask(client, 'none', OffsetFetch, 5, fetchBody(5, groupId, []));
    await on.ask(client, 'unknown topic', OffsetFetch, 5, fetchBody(5, groupId, [NO_TOPIC]));
    await on.ask(client, 'unknown id', OffsetFetch, 10, fetchBody(10, groupId, [NO_TOPIC]));
    await on.ask(client, 'empty id', OffsetFetch, 5, fetchBody(5, '', [topic]));
    await on.ask(client, 'empty id', OffsetFetch, 9, fetchBody(9, '', [topic]));
  },
  'all offsets': async (on) => {
    const { client, topic, groupId } = await setting(on, 'read-all');
    await on.ask(client, 'one', OffsetCommit, 8, commitBody(groupId, topic));
    await on.ask(client, 'two', OffsetCommit, 8, commitBody(groupId, topic, { partition: 2, offset: 9 }));
    for (const version of [2, 7, 8, 10]) {
      await on.ask(client, 'all', OffsetFetch, version, fetchBody(version, groupId, null), ANY_ORDER);
      const stable = { ...fetchBody(version, groupId, null), requireStable: version >= 7 };
      await on.ask(client, 'stable', OffsetFetch, version, stable, ANY_ORDER);
    }
    await on.ask(client, 'one twice', OffsetFetch, 8, fetchBody(8, groupId, [topic], [0, 0]));
  },
  'several groups': async (on) => {
    const { client, topic, groupId } = await setting(on, 'read-several');
    await on.ask(client, 'one', OffsetCommit, 8, commitBody(groupId, topic));
    const topics = [{ name: topic.name, topicId: topic.id, partitionIndexes: [0] }];
    for (const version of [8, 9, 10]) {
      const groups = [
        { groupId, topics },
        { groupId: on.name('nobody'), topics: null },
        { groupId, topics: [] },
      ];
      await on.ask(client, 'three', OffsetFetch, version, { groups });
    }
    await on.ask(client, 'none', OffsetFetch, 8, { groups: [] });
  },
  'with a member of a classic group': async (on) => {
    const first = await Member.alone(on, 'read-member');
    const { client, groupId, memberId } = first;
    for (const memberEpoch of [1, 7]) {
      const groups = [{ groupId, memberId, memberEpoch, topics: null }];
      await on.ask(client, `epoch ${memberEpoch}`, OffsetFetch, 9, { groups });
    }
    await on.ask(client, 'nobody', OffsetFetch, 9, {
      groups: [{ groupId, memberId: 'nobody', memberEpoch: 1, topics: null }],
    });
  },
});

const ADMIN = scenarios('groups', {
  'describe: unknown, empty and twice': async (on) => {
    const { client, groupId } = await setting(on, 'describe-unknown');
    for (const version of [0, 5, 6]) {
      await on.ask(client, 'unknown', DescribeGroups, version, { groups: [groupId, groupId] });
      await on.ask(client, 'empty', DescribeGroups, version, { groups: [''] });
      await on.ask(client, 'none', DescribeGroups, version, { groups: [] });
    }
  },
  'describe: in each state': async (on) => {
    const { client, topic, groupId } = await setting(on, 'describe-states');
    const describe = (label: string) => on.ask(client, label, DescribeGroups, 5, { groups: [groupId] });
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, topic));
    await describe('only offsets');
    const member = await Member.of(on, groupId, 'first', 'i1');
    await member.join();
    await describe('completing');
    await member.sync([[member.memberId, assignment('t', 0)]]);
    await describe('stable');
    await member.leave();
    await describe('left by its instance');
  },
  'list: by states and types': async (on) => {
    const member = await Member.alone(on, 'list-states');
    const list = async (label: string, statesFilter: string[], typesFilter: string[] = []) => {
      const { groups, errorCode } = await member.client.send(ListGroups, 5, { statesFilter, typesFilter });
      on.keep(label, { errorCode, groups: groups.filter(({ groupId }) => groupId === member.groupId) });
    };
    await list('all', []);
    for (const state of ['Stable', 'STABLE', 'stable', 'Empty', 'NoSuchState', '']) await list(state, [state]);
    await list('two states', ['Empty', 'Stable']);
    for (const type of ['classic', 'Classic', 'CLASSIC', 'consumer', 'share', 'nonsense']) await list(type, [], [type]);
  },
  'delete: unknown, with members, empty': async (on) => {
    const member = await Member.alone(on, 'delete-members');
    const { client, groupId } = member;
    const unknown = on.name('delete-unknown');
    const asked = { groupsNames: [unknown, groupId, ''] };
    const sorted = async (label: string) => {
      const { results } = await client.send(DeleteGroups, 2, asked);
      on.keep(
        label,
        results.toSorted((left, right) => (left.groupId < right.groupId ? -1 : 1)),
      );
    };
    await sorted('with members');
    await member.leave();
    await sorted('empty');
    await sorted('gone');
    await on.ask(client, 'none', DeleteGroups, 2, { groupsNames: [] });
    await on.ask(client, 'twice', DeleteGroups, 2, { groupsNames: [unknown, unknown] });
  },
  'delete: offsets go with it': async (on) => {
    const { client, topic, groupId } = await setting(on, 'delete-offsets');
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, topic));
    await on.ask(client, 'delete', DeleteGroups, 2, { groupsNames: [groupId] });
    await on.ask(client, 'read', OffsetFetch, 5, fetchBody(5, groupId, null), ANY_ORDER);
  },
  'delete offsets: known, unknown, subscribed': async (on) => {
    const { client, topic, groupId } = await setting(on, 'offset-delete');
    const other = await makeTopic(on, client, 'offset-delete-other');
    const body = (...topics: readonly Topic[]) => ({
      groupId,
      topics: topics.map(({ name }) => ({ name, partitions: [{ partitionIndex: 0 }, { partitionIndex: 7 }] })),
    });
    await on.ask(client, 'unknown group', OffsetDelete, 0, body(topic), ANY_ORDER);
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, topic));
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, other));
    const member = await Member.of(on, groupId, 'first');
    await member.join({ protocols: [['range', subscription(topic.name)]] });
    await member.sync();
    await on.ask(client, 'subscribed', OffsetDelete, 0, body(topic), ANY_ORDER);
    await on.ask(client, 'not subscribed', OffsetDelete, 0, body(other), ANY_ORDER);
    await on.ask(client, 'unknown topic', OffsetDelete, 0, body(NO_TOPIC), ANY_ORDER);
    await member.leave();
    await on.ask(client, 'empty', OffsetDelete, 0, body(topic), ANY_ORDER);
    await on.ask(client, 'nothing', OffsetDelete, 0, body(), ANY_ORDER);
    await on.ask(client, 'empty group id', OffsetDelete, 0, { ...body(topic), groupId: '' });
    await on.ask(client, 'read', OffsetFetch, 5, fetchBody(5, groupId, null), ANY_ORDER);
  },
  'delete offsets: of a group that is no consumer’s': async (on) => {
    const first = await Member.alone(on, 'offset-delete-connect', {
      protocolType: 'connect',
      protocols: [['sessioned', 'x']],
    });
    const topic = await makeTopic(on, first.client, 'offset-delete-connect');
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }];
    await on.ask(first.client, 'connect', OffsetDelete, 0, { groupId: first.groupId, topics });
  },
});

export const GROUP_OFFSETS: readonly Scenario[] = [
  ...everyVersion('offset commit', OffsetCommit, [2, 10], 'commits', async (on, version) => {
    const { client, topic, groupId } = await setting(on, `commit-v${version}`);
    await on.ask(client, 'commit', OffsetCommit, version, commitBody(groupId, topic));
    await on.ask(client, 'read', OffsetFetch, 5, fetchBody(5, groupId, [topic]));
    await on.ask(
      client,
      'of nobody',
      OffsetCommit,
      version,
      commitBody(groupId, topic, { memberId: 'm', generationId: 1 }),
    );
  }),
  ...COMMIT,
  ...everyVersion('offset fetch', OffsetFetch, [1, 10], 'reads', async (on, version) => {
    const { client, topic, groupId } = await setting(on, `read-v${version}`);
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, topic, { leaderEpoch: 0 }));
    await on.ask(client, 'read', OffsetFetch, version, fetchBody(version, groupId, [topic]));
  }),
  ...FETCH,
  ...everyVersion('groups', DescribeGroups, [0, 6], 'describes', async (on, version) => {
    const member = await Member.alone(on, `describe-v${version}`);
    const asked = { groups: [member.groupId], includeAuthorizedOperations: version >= 3 };
    await on.ask(member.client, 'describe', DescribeGroups, version, asked);
  }),
  ...everyVersion('groups', ListGroups, [0, 5], 'lists', async (on, version) => {
    const member = await Member.alone(on, `list-v${version}`);
    const { groups, ...rest } = await member.client.send(ListGroups, version, {});
    on.keep('list', { ...rest, groups: groups.filter(({ groupId }) => groupId === member.groupId) });
  }),
  ...everyVersion('groups', DeleteGroups, [0, 2], 'deletes', async (on, version) => {
    const { client, topic, groupId } = await setting(on, `forget-v${version}`);
    await on.ask(client, 'commit', OffsetCommit, 8, commitBody(groupId, topic));
    await on.ask(client, 'delete', DeleteGroups, version, { groupsNames: [groupId] });
    await on.ask(client, 'again', DeleteGroups, version, { groupsNames: [groupId] });
  }),
  ...ADMIN,
];

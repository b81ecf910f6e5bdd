import { ZERO_UUID } from '@trunkline/kernel';
import { DescribeCluster, DescribeTopicPartitions, FindCoordinator, Metadata } from '@trunkline/protocol';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, coordinated, gone, makeGroup, makeTopic, usable } from '../topics.js';

type Client = Awaited<ReturnType<Conversation['connect']>>;
type Asked = Pick<Topic, 'name'> & Partial<Topic>;

const body = (topics: readonly Asked[] | null, allowAutoTopicCreation = false) => ({
  topics: topics === null ? null : topics.map(({ name, id = ZERO_UUID }) => ({ name, topicId: id })),
  allowAutoTopicCreation,
});

const byId = (topics: readonly Topic[]) => ({
  topics: topics.map(({ id }) => ({ name: null, topicId: id })),
  allowAutoTopicCreation: false,
});

/** Apache Kafka answers by name and by error, ours in the order of the request. */
const ANY_ORDER = { unordered: ['topics'] };

const BAD_NAMES = ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250), 'a\u0000b', 'a:b'];

const NAMES = scenarios('metadata', {
  'an unknown topic': async (on) => {
    const client = await on.connect();
    for (const version of [4, 9, 12]) await on.ask(client, 'unknown', Metadata, version, body([NO_TOPIC]));
    await gone(client, NO_TOPIC.name);
  },
  'an unknown id': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'meta-id');
    await on.ask(client, 'unknown', Metadata, 12, byId([NO_TOPIC]));
    await on.ask(client, 'known', Metadata, 12, byId([topic]));
    await on.ask(client, 'one of two', Metadata, 13, byId([topic, NO_TOPIC]), ANY_ORDER);
  },
  'a name and an id': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'meta-both');
    await on.ask(client, 'both', Metadata, 12, body([topic]));
    await on.ask(client, 'in version 10', Metadata, 10, body([topic]));
    await on.ask(client, 'null and zero', Metadata, 10, byId([{ name: '', id: ZERO_UUID }]));
  },
  'names that are not legal': async (on) => {
    const client = await on.connect();
    for (const name of BAD_NAMES) await on.ask(client, `"${name}"`, Metadata, 9, body([{ name }]));
    for (const name of BAD_NAMES) await on.ask(client, `"${name}", to make`, Metadata, 9, body([{ name }], true));
  },
  'a name of 249 characters': async (on) => {
    const client = await on.connect();
    await on.ask(client, 'unknown', Metadata, 9, body([{ name: 'y'.repeat(249) }]));
  },
  'a topic twice': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'meta-twice');
    await on.ask(client, 'twice', Metadata, 9, body([topic, topic]));
    await on.ask(client, 'unknown twice', Metadata, 9, body([NO_TOPIC, NO_TOPIC]));
  },
  'none and all': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'meta-all', { partitions: 3 });
    await on.ask(client, 'none', Metadata, 4, body([]));
    await on.ask(client, 'none', Metadata, 12, body([]));
    await on.ask(client, 'none', Metadata, 1, { topics: [] });
    for (const [version, topics] of [
      [0, []],
      [1, null],
      [12, null],
    ] as const) {
      const answer = await client.send(Metadata, version, { topics });
      const shown = answer.topics.filter(({ name }) => name === topic.name);
      on.keep(`all of version ${version}`, shown);
    }
  },
  'the offsets topic is internal': async (on) => {
    const client = await on.connect();
    await makeGroup(on, client, 'meta-internal');
    await on.ask(client, 'offsets', Metadata, 9, body([{ name: '__consumer_offsets' }]));
  },
  'authorized operations': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'meta-operations');
    const asked = { ...body([topic]), includeTopicAuthorizedOperations: true };
    for (const version of [8, 10]) {
      await on.ask(client, 'both', Metadata, version, { ...asked, includeClusterAuthorizedOperations: true });
    }
    await on.ask(client, 'of the topic', Metadata, 12, asked);
    const unknown = { ...body([NO_TOPIC]), includeTopicAuthorizedOperations: true };
    await on.ask(client, 'of an unknown topic', Metadata, 12, unknown);
  },
  'a topic that is made by asking has the broker’s partitions': async (on) => {
    const client = await on.connect();
    const name = on.name('auto-made');
    await client.send(Metadata, 9, body([{ name }], true));
    await usable(client, name);
    await on.ask(client, 'made', Metadata, 9, body([{ name }]));
  },
  'a topic whose name collides with another': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'col.lides');
    await client.send(Metadata, 9, body([{ name: name.replace('.', '_') }], true));
    await on.ask(client, 'still not there', Metadata, 9, body([{ name: name.replace('.', '_') }]));
  },
});

const NO_ID = scenarios('metadata', {
  'neither a name nor an id': async (on) => {
    const client = await on.connect();
    await on.ask(client, 'zero', Metadata, 12, byId([{ name: '', id: ZERO_UUID }]));
  },
});

const AUTO_MADE = scenarios('metadata', {
  'a topic that is made by asking is in the first answer': async (on) => {
    await on.ask(await on.connect(), 'first', Metadata, 9, body([{ name: on.name('first-answer') }], true));
  },
});

const partitionsBody = (topics: readonly Asked[], limit = 2000, cursor: [string, number] | null = null) => ({
  topics: topics.map(({ name }) => ({ name })),
  responsePartitionLimit: limit,
  cursor: cursor === null ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
});

async function paged(on: Conversation): Promise<{ client: Client; first: Topic; second: Topic }> {
  const client = await on.connect();
  const first = await makeTopic(on, client, 'page-a', { partitions: 3 });
  const second = await makeTopic(on, client, 'page-b', { partitions: 4 });
  return { client, first, second };
}

const PAGES = scenarios('describe topic partitions', {
  'known and unknown, sorted by name': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'parts', { partitions: 2 });
    const bad = { name: 'a b' };
    const asked = partitionsBody([{ name: 'zzz-unknown' }, topic, NO_TOPIC, bad]);
    await on.ask(client, 'several', DescribeTopicPartitions, 0, asked);
    await on.ask(client, 'twice', DescribeTopicPartitions, 0, partitionsBody([topic, topic]));
  },
  'the offsets topic': async (on) => {
    const client = await on.connect();
    await makeGroup(on, client, 'parts-internal');
    await on.ask(client, 'offsets', DescribeTopicPartitions, 0, partitionsBody([{ name: '__consumer_offsets' }]));
  },
  'pages with a cursor': async (on) => {
    const { client, first, second } = await paged(on);
    for (const limit of [1, 3, 4, 7, 8]) {
      await on.ask(client, `limit ${limit}`, DescribeTopicPartitions, 0, partitionsBody([second, first], limit));
    }
    const pages: [string, number][] = [
      [first.name, 1],
      [first.name, 3],
      [second.name, 0],
      [second.name, 2],
      [second.name, 9],
    ];
    for (const page of pages) {
      const asked = partitionsBody([first, second], 2, page);
      await on.ask(client, `from ${page.join('/')}`, DescribeTopicPartitions, 0, asked);
    }
  },
  'a cursor that names a topic that is not asked for': async (on) => {
    const { client, first, second } = await paged2(on);
    await on.ask(client, 'between', DescribeTopicPartitions, 0, partitionsBody([first, second], 9, ['page-c', 0]));
    await on.ask(client, 'behind all', DescribeTopicPartitions, 0, partitionsBody([first, second], 9, ['zzz', 0]));
    await on.ask(client, 'before all', DescribeTopicPartitions, 0, partitionsBody([first, second], 9, ['aaa', 0]));
    const negative = partitionsBody([first, second], 9, [first.name, -1]);
    await on.ask(client, 'a negative partition', DescribeTopicPartitions, 0, negative);
  },
  'limits that make no sense': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'limit-none', { partitions: 2 });
    for (const limit of [0, -1]) {
      await on.ask(client, `limit ${limit}`, DescribeTopicPartitions, 0, partitionsBody([topic], limit));
    }
  },
});

async function paged2(on: Conversation): Promise<{ client: Client; first: Topic; second: Topic }> {
  const client = await on.connect();
  const first = await makeTopic(on, client, 'cursor-a', { partitions: 2 });
  const second = await makeTopic(on, client, 'cursor-b', { partitions: 2 });
  return { client, first, second };
}

const cluster = { includeClusterAuthorizedOperations: true };

const CLUSTER = scenarios('cluster', {
  'of controllers': async (on) => {
    const asked = { ...cluster, endpointType: 2 };
    await on.ask(await on.connect(), 'controllers', DescribeCluster, 1, asked);
    await on.ask(await on.connect(), 'type 7', DescribeCluster, 1, { ...cluster, endpointType: 7 });
    await on.ask(await on.connect(), 'type 0', DescribeCluster, 2, { ...cluster, endpointType: 0 });
  },
  'with fenced brokers': async (on) => {
    const asked = { includeClusterAuthorizedOperations: false, includeFencedBrokers: true };
    await on.ask(await on.connect(), 'fenced too', DescribeCluster, 2, asked);
  },
});

const COORDINATOR = scenarios('find coordinator', {
  'of an empty group': async (on) => {
    const client = await on.connect();
    await coordinated(client, 'x');
    await on.ask(client, 'empty', FindCoordinator, 2, { key: '', keyType: 0 });
    await on.ask(client, 'empty', FindCoordinator, 4, { keyType: 0, coordinatorKeys: [''] });
  },
  'of several groups at once': async (on) => {
    const client = await on.connect();
    await coordinated(client, 'x');
    await on.ask(client, 'three', FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['a', 'b', 'a'] });
    await on.ask(client, 'none', FindCoordinator, 5, { keyType: 0, coordinatorKeys: [] });
  },
  'of a type that nobody has defined': async (on) => {
    const client = await on.connect();
    for (const keyType of [3, 9, -1]) {
      await on.ask(client, `type ${keyType}`, FindCoordinator, 2, { key: 'a', keyType });
      await on.ask(client, `type ${keyType}`, FindCoordinator, 6, { keyType, coordinatorKeys: ['a'] });
    }
  },
  'of share groups below version 6': async (on) => {
    await on.ask(await on.connect(), 'share', FindCoordinator, 5, { keyType: 2, coordinatorKeys: ['g:AAAA:0'] });
  },
});

export const METADATA: readonly Scenario[] = [
  ...everyVersion('metadata', Metadata, [0, 13], 'shows a topic', async (on, version) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, `meta-v${version}`, { partitions: 2 });
    await on.ask(client, 'known', Metadata, version, { ...body([topic]), allowAutoTopicCreation: true });
    if (version >= 4) await on.ask(client, 'one unknown', Metadata, version, body([topic, NO_TOPIC]), ANY_ORDER);
  }),
  ...NAMES,
  ...NO_ID.map((scenario) =>
    decided(scenario, 'Apache Kafka stumbles with UNKNOWN_SERVER_ERROR; ours says INVALID_REQUEST'),
  ),
  ...AUTO_MADE.map((scenario) => decided(scenario, 'metadata is applied before the answer: no client must ask twice')),
  ...PAGES,
  ...everyVersion('cluster', DescribeCluster, [0, 2], 'shows the broker', async (on, version) => {
    await on.ask(await on.connect(), 'cluster', DescribeCluster, version, cluster);
    const asked = { includeClusterAuthorizedOperations: false };
    await on.ask(await on.connect(), 'without operations', DescribeCluster, version, asked);
  }),
  ...CLUSTER,
  ...everyVersion('find coordinator', FindCoordinator, [0, 6], 'of a group', async (on, version) => {
    const client = await on.connect();
    await coordinated(client, 'x');
    const key = on.name('found');
    const asked = version < 4 ? { key } : { coordinatorKeys: [key] };
    await on.ask(client, 'group', FindCoordinator, version, { ...asked, keyType: 0 });
  }),
  ...COORDINATOR,
];

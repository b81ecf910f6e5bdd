import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { CreatePartitions, CreateTopics, DeleteTopics, Metadata } from '@trunkline/protocol';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, gone, makeTopic, usable } from '../topics.js';

type Client = Awaited<ReturnType<Conversation['connect']>>;
type Assignments = readonly (readonly number[])[];

interface Wish {
  readonly partitions?: number;
  readonly replicas?: number;
  /** Brokers of each partition, or partition indexes in front. */
  readonly assigned?: readonly (readonly [number, readonly number[]])[];
  readonly configs?: Readonly<Record<string, string | null>>;
}

const topic = (name: string, wish: Wish = {}) => ({
  name,
  numPartitions: wish.partitions ?? (wish.assigned === undefined ? 1 : -1),
  replicationFactor: wish.replicas ?? (wish.assigned === undefined ? 1 : -1),
  assignments: (wish.assigned ?? []).map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
  configs: Object.entries(wish.configs ?? {}).map(([key, value]) => ({ name: key, value })),
});

/** The order of Apache Kafka's answers is that of a hash. */
const ANY_ORDER = { unordered: ['responses', 'results'] };

/** Asks for topics and keeps the answer, sorted by name: its order means nothing. */
const creates = async (
  on: Conversation,
  client: Client,
  label: string,
  topics: readonly ReturnType<typeof topic>[],
  validateOnly = false,
  version = 7,
): Promise<void> => {
  const answer = await client.send(CreateTopics, version, { topics, timeoutMs: 10_000, validateOnly });
  // The list of configs is compared once, by DescribeConfigs; here only that there is one, or none.
  const shown = answer.topics.map((at) => ({ ...at, configs: at.configs === null ? null : at.configs.length > 20 }));
  on.keep(
    label,
    shown.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
  );
};

const refuses =
  (...wishes: readonly Wish[]) =>
  async (on: Conversation): Promise<void> => {
    const client = await on.connect();
    for (const [index, wish] of wishes.entries()) {
      await creates(on, client, JSON.stringify(wish), [topic(on.name(`refused-${index}`), wish)], true);
    }
  };

const CREATE = scenarios('create topics', {
  'a topic that is there': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'there');
    await creates(on, client, 'again', [topic(name)]);
    await creates(on, client, 'only to validate', [topic(name)], true);
    await creates(on, client, 'with other wishes', [topic(name, { partitions: 0, replicas: 9 })]);
  },
  'names that are not legal': async (on) => {
    const client = await on.connect();
    for (const name of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250), 'a,b']) {
      await creates(on, client, name, [topic(name)], true);
    }
    await creates(on, client, '249 characters', [topic('z'.repeat(249))], true);
  },
  'a name that collides with another': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'dot.dot_dot');
    await creates(on, client, 'all underscores', [topic(name.replaceAll('.', '_'))]);
    await creates(on, client, 'all dots', [topic(name.replaceAll('_', '.'))]);
  },
  'a topic twice in a request': async (on) => {
    const client = await on.connect();
    const name = on.name('twice');
    await creates(on, client, 'twice', [topic(name), topic(name, { partitions: 2 }), topic(on.name('once'))]);
    await usable(client, on.name('once'));
    await on.ask(client, 'not made', Metadata, 9, {
      topics: [{ name, topicId: ZERO_UUID }],
      allowAutoTopicCreation: false,
    });
  },
  nothing: async (on) => {
    await creates(on, await on.connect(), 'nothing', []);
  },
  'defaults of the broker': async (on) => {
    const client = await on.connect();
    await creates(on, client, '-1 and -1', [topic(on.name('defaults'), { partitions: -1, replicas: -1 })]);
    await usable(client, on.name('defaults'));
  },
  'partitions that make no sense': refuses({ partitions: 0 }, { partitions: -2 }),
  'more replicas than brokers': refuses({ replicas: 2 }, { replicas: 0 }, { replicas: -2 }, { replicas: 3 }),
  'assignments by hand': refuses(
    { assigned: [[0, [1]]] },
    {
      assigned: [
        [0, [1]],
        [1, [1]],
      ],
    },
    { assigned: [[1, [1]]] },
    {
      assigned: [
        [0, [1]],
        [2, [1]],
      ],
    },
    {
      assigned: [
        [0, [1]],
        [0, [1]],
      ],
    },
    { assigned: [[0, [1, 1]]] },
    { assigned: [[0, [9]]] },
    { assigned: [[0, [1, 9]]] },
    { assigned: [[0, []]] },
    { assigned: [[0, [-1]]] },
    { assigned: [[0, [1]]], partitions: 1 },
    { assigned: [[0, [1]]], replicas: 1 },
    { assigned: [[0, [1]]], partitions: 1, replicas: 1 },
  ),
  'configs that are refused': refuses(
    { configs: { 'no.such.config': '1' } },
    { configs: { 'retention.ms': 'soon' } },
    { configs: { 'retention.ms': '-2' } },
    { configs: { 'retention.ms': '' } },
    { configs: { 'retention.ms': null } },
    { configs: { 'cleanup.policy': 'burn' } },
    { configs: { 'cleanup.policy': '' } },
    { configs: { 'cleanup.policy': 'compact, delete' } },
    { configs: { 'compression.type': 'zip' } },
    { configs: { 'segment.bytes': '1000' } },
    { configs: { 'max.message.bytes': '-1' } },
    { configs: { 'min.insync.replicas': '0' } },
    { configs: { 'message.timestamp.type': 'logappendtime' } },
    { configs: { preallocate: 'yes' } },
    { configs: { preallocate: 'TRUE' } },
    { configs: { 'min.cleanable.dirty.ratio': '1.5' } },
    { configs: { 'retention.bytes': '99999999999999999999' } },
    { configs: { 'segment.ms': '0' } },
    { configs: { 'local.retention.ms': '99', 'retention.ms': '10' } },
    { configs: { 'log.retention.ms': '10' } },
    { configs: { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' } },
  ),
  'several errors and one that is right': async (on) => {
    const client = await on.connect();
    const right = on.name('right');
    const topics = [topic('a b'), topic(right), topic(on.name('wrong'), { replicas: 7 })];
    await creates(on, client, 'mixed', topics, false, 5);
    await usable(client, right);
  },
  'a topic of the broker’s own': async (on) => {
    const client = await on.connect();
    await creates(on, client, 'metadata', [topic('__cluster_metadata')], true);
    await creates(on, client, 'transactions', [topic('__transaction_state')], true);
  },
});

const COLLIDE = scenarios('create topics', {
  'two names of one request that collide': async (on) => {
    const client = await on.connect();
    await creates(on, client, 'two of a request', [topic(on.name('co.l')), topic(on.name('co_l'))], true);
  },
});

const DELETE = scenarios('delete topics', {
  'unknown ones': async (on) => {
    const client = await on.connect();
    const names = { topicNames: [NO_TOPIC.name, 'a b', ''], timeoutMs: 10_000 };
    await on.ask(client, 'by name', DeleteTopics, 5, names, ANY_ORDER);
    const named = NO_TOPIC.name;
    const topics = [
      { name: null, topicId: NO_TOPIC.id },
      { name: named, topicId: ZERO_UUID },
    ];
    await on.ask(client, 'by id and name', DeleteTopics, 6, { topics, timeoutMs: 10_000 }, ANY_ORDER);
    await on.ask(client, 'nothing', DeleteTopics, 6, { topics: [], timeoutMs: 10_000 });
  },
  'without name and id': async (on) => {
    const topics = [{ name: null, topicId: ZERO_UUID }];
    await on.ask(await on.connect(), 'neither', DeleteTopics, 6, { topics, timeoutMs: 10_000 });
  },
  'with name and id': async (on) => {
    const client = await on.connect();
    const { name, id } = await makeTopic(on, client, 'both');
    const both = { topics: [{ name, topicId: id }], timeoutMs: 10_000 };
    await on.ask(client, 'both', DeleteTopics, 6, both);
    const other = { topics: [{ name, topicId: 'CCCCCCCCCCCCCCCCCCCCCA' as Uuid }], timeoutMs: 10_000 };
    await on.ask(client, 'another id', DeleteTopics, 6, other);
  },
  'one twice': async (on) => {
    const client = await on.connect();
    const { name, id } = await makeTopic(on, client, 'delete-twice');
    const byName = { name, topicId: ZERO_UUID };
    await on.ask(client, 'twice by name', DeleteTopics, 5, { topicNames: [name, name], timeoutMs: 10_000 });
    await on.ask(client, 'twice', DeleteTopics, 6, { topics: [byName, byName], timeoutMs: 10_000 });
    const sameTopic = [byName, { name: null, topicId: id }];
    await on.ask(client, 'by name and by id', DeleteTopics, 6, { topics: sameTopic, timeoutMs: 10_000 });
  },
  'made anew at once': async (on) => {
    const client = await on.connect();
    const { name, id } = await makeTopic(on, client, 'anew');
    await on.ask(client, 'deleted', DeleteTopics, 6, {
      topics: [{ name, topicId: ZERO_UUID }],
      timeoutMs: 10_000,
    });
    const again = await makeTopic(on, client, 'anew');
    on.keep('another id', again.id !== id);
    await on.ask(client, 'the old id', Metadata, 12, {
      topics: [{ name: null, topicId: id }],
      allowAutoTopicCreation: false,
    });
  },
});

const grows = (name: string, count: number, assigned: Assignments | null = null) => ({
  name,
  count,
  assignments: assigned === null ? null : assigned.map((brokerIds) => ({ brokerIds })),
});

const GROW = scenarios('create partitions', {
  'fewer, as many, none': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'grow', { partitions: 3 });
    for (const count of [2, 3, 0, -1]) {
      const asked = { topics: [grows(name, count)], timeoutMs: 10_000, validateOnly: false };
      await on.ask(client, `to ${count}`, CreatePartitions, 3, asked);
    }
  },
  'of unknown topics': async (on) => {
    const topics = [grows(NO_TOPIC.name, 3), grows('a b', 3)];
    const asked = { topics, timeoutMs: 10_000, validateOnly: false };
    await on.ask(await on.connect(), 'unknown', CreatePartitions, 3, asked, ANY_ORDER);
  },
  'only to validate': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'grow-validate');
    const asked = { topics: [grows(name, 3)], timeoutMs: 10_000, validateOnly: true };
    await on.ask(client, 'validate', CreatePartitions, 3, asked);
    await on.ask(client, 'not grown', Metadata, 9, {
      topics: [{ name, topicId: ZERO_UUID }],
      allowAutoTopicCreation: false,
    });
  },
  'assignments by hand': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'grow-assigned');
    for (const assigned of [[[1]], [[9]], [[1, 1]], [[]], [[1], [1]], [[1], [9]], []] satisfies Assignments[]) {
      const asked = { topics: [grows(name, 3, assigned)], timeoutMs: 10_000, validateOnly: true };
      await on.ask(client, JSON.stringify(assigned), CreatePartitions, 3, asked);
    }
  },
  'one topic twice': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'grow-twice');
    const topics = [grows(name, 2), grows(name, 3)];
    await on.ask(client, 'twice', CreatePartitions, 3, { topics, timeoutMs: 10_000, validateOnly: false });
    await on.ask(client, 'nothing', CreatePartitions, 3, { topics: [], timeoutMs: 10_000, validateOnly: false });
  },
});

export const TOPICS: readonly Scenario[] = [
  ...everyVersion('create topics', CreateTopics, [2, 7], 'makes and refuses', async (on, version) => {
    const client = await on.connect();
    const name = on.name(`create-v${version}`);
    await creates(on, client, 'made', [topic(name, { partitions: 2 })], false, version);
    await usable(client, name);
    await creates(on, client, 'is there', [topic(name)], false, version);
    const only = topic(on.name(`only-v${version}`), { configs: { 'retention.ms': '1000' } });
    await creates(on, client, 'only to validate', [only], true, version);
    await gone(client, only.name);
  }),
  ...CREATE,
  ...COLLIDE.map((scenario) =>
    decided(scenario, 'names that collide are refused; Apache Kafka overlooks them within one request'),
  ),
  ...everyVersion('delete topics', DeleteTopics, [1, 6], 'deletes', async (on, version) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, `drop-v${version}`);
    const asked = version < 6 ? { topicNames: [name] } : { topics: [{ name, topicId: ZERO_UUID }] };
    await on.ask(client, 'deletes', DeleteTopics, version, { ...asked, timeoutMs: 10_000 });
    await gone(client, name);
    await on.ask(client, 'is gone', DeleteTopics, version, { ...asked, timeoutMs: 10_000 });
  }),
  ...DELETE,
  ...everyVersion('create partitions', CreatePartitions, [0, 3], 'grows', async (on, version) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, `grow-v${version}`);
    const asked = { topics: [grows(name, 3)], timeoutMs: 10_000, validateOnly: false };
    await on.ask(client, 'to 3', CreatePartitions, version, asked);
    await usable(client, name, 3);
    await on.ask(client, 'has 3', Metadata, 9, {
      topics: [{ name, topicId: ZERO_UUID }],
      allowAutoTopicCreation: false,
    });
  }),
  ...GROW,
];

import {
  AlterConfigs,
  CreateTopics,
  type Decoded,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
} from '@trunkline/protocol';
import { type RawClient, until } from '@trunkline/testing';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, makeTopic } from '../topics.js';

const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
const GROUP = 32;
const NODE_ID = '1';

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

type Described = Decoded<(typeof DescribeConfigs)['response']>;

const describeBody = (resourceType: number, resourceName: string, configurationKeys: readonly string[] | null) => ({
  resources: [{ resourceType, resourceName, configurationKeys }],
  includeSynonyms: true,
  includeDocumentation: false,
});

/** Ours alone, and one that differs by a feature (see below): left out where all configs are compared. */
const OTHER_CONFIGS = new Set(['trunkline.flush', 'min.insync.replicas']);

/** Described configs whose order means nothing. */
const ANY_ORDER = { unordered: ['configs'] };

const describe = (on: Conversation, client: RawClient, type: number, name: string, keys: readonly string[] | null) =>
  on.ask(client, `configs of ${type}`, DescribeConfigs, 4, describeBody(type, name, keys), ANY_ORDER);

/** Waits until a topic's config reads so, as preparation. */
async function reads(client: RawClient, type: number, name: string, key: string, value: string): Promise<void> {
  await until(`${name} has ${key}=${value}`, async () => {
    const { results } = await client.send(DescribeConfigs, 4, describeBody(type, name, [key]));
    return results[0]?.configs[0]?.value === value;
  });
}

type Change = readonly [name: string, operation: number, value: string | null];

const changeBody = (resourceType: number, resourceName: string, changes: readonly Change[], validateOnly = false) => ({
  resources: [
    {
      resourceType,
      resourceName,
      configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
    },
  ],
  validateOnly,
});

const setBody = (resourceType: number, resourceName: string, values: Readonly<Record<string, string | null>>) => ({
  resources: [
    { resourceType, resourceName, configs: Object.entries(values).map(([name, value]) => ({ name, value })) },
  ],
  validateOnly: false,
});

const changes =
  (base: string, ...given: readonly (readonly Change[])[]) =>
  async (on: Conversation): Promise<void> => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, base, { configs: { 'cleanup.policy': 'compact' } });
    for (const one of given) {
      await on.ask(client, JSON.stringify(one), IncrementalAlterConfigs, 1, changeBody(TOPIC, name, one, true));
    }
  };

/** What two brokers of different directories and listeners must still have in common. */
const outline = ({ results }: Described) =>
  results.map(({ configs, ...rest }) => ({
    ...rest,
    configs: configs.map(({ name, readOnly, isSensitive, configType }) => ({
      name,
      readOnly,
      isSensitive,
      configType,
    })),
  }));

const DESCRIBE = scenarios('describe configs', {
  'every config of a topic': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'all-configs', { configs: { 'retention.ms': '5000' } });
    for (const keys of [null, []]) {
      const { results } = await client.send(DescribeConfigs, 4, describeBody(TOPIC, name, keys));
      const shown = results.map((at) => ({
        ...at,
        configs: at.configs.filter((config) => !OTHER_CONFIGS.has(config.name)),
      }));
      on.keep(`keys: ${String(keys)}`, shown, ANY_ORDER);
    }
  },
  'named configs of a topic': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'named-configs', { configs: { 'cleanup.policy': 'delete,compact' } });
    await describe(on, client, TOPIC, name, ['cleanup.policy', 'retention.ms', 'no.such.config', 'segment.bytes']);
    const asked = { ...describeBody(TOPIC, name, ['cleanup.policy']), includeSynonyms: false };
    await on.ask(client, 'without synonyms', DescribeConfigs, 4, asked);
    const documented = { ...describeBody(TOPIC, name, ['cleanup.policy']), includeDocumentation: true };
    await on.ask(client, 'with documentation', DescribeConfigs, 4, documented);
  },
  'what is not there': async (on) => {
    const client = await on.connect();
    for (const [type, name] of [
      [TOPIC, NO_TOPIC.name],
      [TOPIC, 'a b'],
      [TOPIC, ''],
      [BROKER, '99'],
      [BROKER, 'one'],
      [99, 'x'],
      [0, 'x'],
      [GROUP, ''],
      [BROKER_LOGGER, '99'],
    ] as const) {
      await on.ask(client, `${type} "${name}"`, DescribeConfigs, 4, describeBody(type, name, ['retention.ms']));
    }
    await on.ask(client, 'nothing', DescribeConfigs, 4, { resources: [] });
  },
  'a resource twice': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'twice-configs');
    const one = { resourceType: TOPIC, resourceName: name, configurationKeys: ['retention.ms'] };
    await on.ask(client, 'twice', DescribeConfigs, 4, { resources: [one, one] });
  },
  'configs of the broker': async (on) => {
    const client = await on.connect();
    const keys = [
      'num.partitions',
      'log.retention.ms',
      'log.retention.hours',
      'log.segment.bytes',
      'message.max.bytes',
      'auto.create.topics.enable',
      'default.replication.factor',
      'offsets.retention.minutes',
      'log.cleanup.policy',
      'compression.type',
      'delete.topic.enable',
      'socket.request.max.bytes',
      'log.message.timestamp.type',
      'offset.metadata.max.bytes',
    ];
    for (const key of keys) {
      const asked = describeBody(BROKER, NODE_ID, [key]);
      await on.ask(client, key, DescribeConfigs, 4, asked);
    }
    await on.ask(client, 'listeners', DescribeConfigs, 4, describeBody(BROKER, NODE_ID, ['advertised.listeners']), {
      differs: ['value'],
    });
  },
  'the broker’s configs that we have are of Kafka’s kind': async (on) => {
    const client = await on.connect();
    const keys = ['log.dirs', 'broker.rack', 'num.io.threads', 'queued.max.requests'];
    const answer = await client.send(DescribeConfigs, 4, describeBody(BROKER, NODE_ID, keys));
    on.keep('outline', outline(answer), ANY_ORDER);
  },
  'a group': async (on) => {
    const client = await on.connect();
    const group = on.name('config-group');
    await on.ask(client, 'before', DescribeConfigs, 4, describeBody(GROUP, group, null), ANY_ORDER);
    const change: Change = ['consumer.session.timeout.ms', SET, '50000'];
    await on.ask(client, 'set', IncrementalAlterConfigs, 1, changeBody(GROUP, group, [change]));
    await reads(client, GROUP, group, 'consumer.session.timeout.ms', '50000');
    await on.ask(client, 'after', DescribeConfigs, 4, describeBody(GROUP, group, null), ANY_ORDER);
    const wrong: Change = ['consumer.session.timeout.ms', SET, '1'];
    await on.ask(client, 'too short', IncrementalAlterConfigs, 1, changeBody(GROUP, group, [wrong]));
    const unknown: Change = ['retention.ms', SET, '1'];
    await on.ask(client, 'not a group’s', IncrementalAlterConfigs, 1, changeBody(GROUP, group, [unknown]));
  },
});

const INCREMENTAL = scenarios('incremental alter configs', {
  'append and subtract': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'append');
    const steps: readonly (readonly [Change, string])[] = [
      [['cleanup.policy', APPEND, 'compact'], 'delete,compact'],
      [['cleanup.policy', APPEND, 'compact'], 'delete,compact'],
      [['cleanup.policy', SUBTRACT, 'delete'], 'compact'],
      [['cleanup.policy', SUBTRACT, 'delete'], 'compact'],
      [['cleanup.policy', SET, 'compact,delete'], 'compact,delete'],
      [['cleanup.policy', DELETE, null], 'delete'],
    ];
    for (const [change, value] of steps) {
      await on.ask(client, change.join(' '), IncrementalAlterConfigs, 1, changeBody(TOPIC, name, [change]));
      await reads(client, TOPIC, name, 'cleanup.policy', value);
    }
  },
  'what is refused': changes(
    'refused',
    [['no.such.config', SET, '1']],
    [['no.such.config', DELETE, null]],
    [['retention.ms', SET, 'soon']],
    [['retention.ms', SET, null]],
    [['retention.ms', DELETE, 'value']],
    [['retention.ms', APPEND, '1']],
    [['retention.ms', SUBTRACT, '1']],
    [['cleanup.policy', APPEND, 'burn']],
    [['cleanup.policy', APPEND, null]],
    [['cleanup.policy', SUBTRACT, 'compact']],
    [
      ['retention.ms', SET, '1'],
      ['retention.ms', SET, '2'],
    ],
    [
      ['retention.ms', SET, '1'],
      ['segment.bytes', SET, '1'],
    ],
    [['segment.bytes', SET, '1048575']],
    [['', SET, '1']],
    [],
  ),
  'resources that are not there': async (on) => {
    const client = await on.connect();
    const change: Change = ['retention.ms', SET, '1'];
    for (const [type, name] of [
      [TOPIC, NO_TOPIC.name],
      [TOPIC, 'a b'],
      [TOPIC, ''],
      [BROKER, '99'],
      [BROKER, 'one'],
      [GROUP, ''],
      [99, 'x'],
      [0, 'x'],
    ] as const) {
      await on.ask(client, `${type} "${name}"`, IncrementalAlterConfigs, 1, changeBody(type, name, [change]));
    }
    await on.ask(client, 'nothing', IncrementalAlterConfigs, 1, { resources: [], validateOnly: false });
  },
  'a resource twice': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'alter-twice');
    const [one] = changeBody(TOPIC, name, [['retention.ms', SET, '7']]).resources;
    const asked = { resources: [one!, one!], validateOnly: true };
    await on.ask(client, 'twice', IncrementalAlterConfigs, 1, asked, { unordered: ['responses'] });
  },
  'only to validate': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'alter-validate');
    const change: Change = ['retention.ms', SET, '7'];
    await on.ask(client, 'validate', IncrementalAlterConfigs, 1, changeBody(TOPIC, name, [change], true));
    await describe(on, client, TOPIC, name, ['retention.ms']);
  },
  'configs of a broker': async (on) => {
    const client = await on.connect();
    const wishes: Change[] = [
      ['log.retention.ms', SET, '1000000'],
      ['node.id', SET, '7'],
      ['num.partitions', SET, '7'],
      ['advertised.listeners', SET, 'PLAINTEXT://a:1'],
      ['message.max.bytes', SET, 'many'],
    ];
    for (const wish of wishes) {
      await on.ask(client, wish[0], IncrementalAlterConfigs, 1, changeBody(BROKER, NODE_ID, [wish], true));
      await on.ask(client, `${wish[0]} of all`, IncrementalAlterConfigs, 1, changeBody(BROKER, '', [wish], true));
    }
  },
  'a broker’s default shows in its topics': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'from-broker');
    const key = 'log.flush.interval.messages';
    const set = async (at: string, operation: number, value: string | null) => {
      const asked = changeBody(BROKER, at, [[key, operation, value]]);
      await on.ask(client, `${at} ${operation}`, IncrementalAlterConfigs, 1, asked);
    };
    await set('', SET, '777');
    await reads(client, TOPIC, name, 'flush.messages', '777');
    await describe(on, client, TOPIC, name, ['flush.messages']);
    await describe(on, client, BROKER, '', [key]);
    await set(NODE_ID, SET, '778');
    await reads(client, TOPIC, name, 'flush.messages', '778');
    await describe(on, client, TOPIC, name, ['flush.messages']);
    await describe(on, client, BROKER, NODE_ID, [key]);
    await set(NODE_ID, DELETE, null);
    await set('', DELETE, null);
    await reads(client, TOPIC, name, 'flush.messages', '9223372036854775807');
    await describe(on, client, TOPIC, name, ['flush.messages']);
  },
});

const ALTER = scenarios('alter configs', {
  'replaces all': async (on) => {
    const client = await on.connect();
    const configs = { 'retention.ms': '5000', 'max.message.bytes': '2000' };
    const { name } = await makeTopic(on, client, 'replaces', { configs });
    await on.ask(client, 'one', AlterConfigs, 2, setBody(TOPIC, name, { 'retention.bytes': '9' }));
    await reads(client, TOPIC, name, 'retention.bytes', '9');
    await describe(on, client, TOPIC, name, Object.keys(configs));
    await on.ask(client, 'none', AlterConfigs, 2, setBody(TOPIC, name, {}));
    await reads(client, TOPIC, name, 'retention.bytes', '-1');
  },
  'what is refused': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'alter-refused');
    for (const values of [{ 'no.such.config': '1' }, { 'retention.ms': 'soon' }, { 'retention.ms': null }]) {
      await on.ask(client, JSON.stringify(values), AlterConfigs, 2, setBody(TOPIC, name, values));
    }
    await on.ask(client, 'no topic', AlterConfigs, 2, setBody(TOPIC, NO_TOPIC.name, {}));
    await on.ask(client, 'no broker', AlterConfigs, 2, setBody(BROKER, '99', {}));
    await on.ask(client, 'no type', AlterConfigs, 2, setBody(99, 'x', {}));
    await describe(on, client, TOPIC, name, ['retention.ms']);
  },
  'what was read can be written back': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'write-back');
    const { results } = await client.send(DescribeConfigs, 4, describeBody(TOPIC, name, null));
    const known = (results[0]?.configs ?? []).map((config) => [config.name, config.value] as const);
    await on.ask(client, 'written back', AlterConfigs, 2, setBody(TOPIC, name, Object.fromEntries(known)));
  },
});

const LISTED = scenarios('list config resources', {
  'by type': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'listed', { configs: { 'retention.ms': '5000' } });
    const group = on.name('listed-group');
    const change: Change = ['consumer.session.timeout.ms', SET, '50000'];
    await client.send(IncrementalAlterConfigs, 1, changeBody(GROUP, group, [change]));
    await reads(client, GROUP, group, 'consumer.session.timeout.ms', '50000');
    for (const types of [[], [TOPIC], [GROUP], [BROKER], [TOPIC, GROUP]]) {
      const answer = await client.send(ListConfigResources, 1, { resourceTypes: types });
      const shown = answer.configResources.filter(
        ({ resourceName, resourceType }) => resourceName === name || resourceName === group || resourceType === BROKER,
      );
      on.keep(types.join() || 'all', { errorCode: answer.errorCode, shown }, { unordered: ['shown'] });
    }
    await on.ask(client, 'a type of nobody', ListConfigResources, 1, { resourceTypes: [99] });
  },
});

const ELR = scenarios('describe configs', {
  'defaults of all brokers': async (on) => {
    const client = await on.connect();
    await on.ask(client, 'defaults', DescribeConfigs, 4, describeBody(BROKER, '', null));
  },
  'min.insync.replicas of a topic': async (on) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, 'min-isr-config');
    await describe(on, client, TOPIC, name, ['min.insync.replicas']);
  },
});

const OWN_DEFAULTS = scenarios('describe configs', {
  'defaults that are ours': async (on) => {
    const client = await on.connect();
    await describe(on, client, BROKER, NODE_ID, ['group.initial.rebalance.delay.ms', 'node.id']);
  },
});

const NOT_DYNAMIC = scenarios('describe configs', {
  'what a broker can change while it runs': async (on) => {
    const client = await on.connect();
    const keys = ['listeners', 'max.connections'];
    on.keep('outline', outline(await client.send(DescribeConfigs, 4, describeBody(BROKER, NODE_ID, keys))), ANY_ORDER);
  },
});

const UNDEFINED = scenarios('incremental alter configs', {
  'an operation that nobody has defined': changes('operation', [['retention.ms', 9, '1']]),
});

const LOGGERS = scenarios('list config resources', {
  'loggers of the broker': async (on) => {
    const client = await on.connect();
    await on.ask(client, 'loggers', ListConfigResources, 1, { resourceTypes: [BROKER_LOGGER] });
  },
});

export const CONFIGS: readonly Scenario[] = [
  ...everyVersion('describe configs', DescribeConfigs, [1, 4], 'of a topic', async (on, version) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, `configs-v${version}`, { configs: { 'retention.ms': '5000' } });
    const asked = {
      ...describeBody(TOPIC, name, ['retention.ms', 'cleanup.policy']),
      includeDocumentation: version >= 3,
    };
    await on.ask(client, 'two', DescribeConfigs, version, asked, ANY_ORDER);
  }),
  ...DESCRIBE,
  ...everyVersion('incremental alter configs', IncrementalAlterConfigs, [0, 1], 'sets', async (on, version) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, `incremental-v${version}`);
    const asked = changeBody(TOPIC, name, [['retention.ms', SET, '7777']]);
    await on.ask(client, 'set', IncrementalAlterConfigs, version, asked);
    await reads(client, TOPIC, name, 'retention.ms', '7777');
  }),
  ...INCREMENTAL,
  ...everyVersion('alter configs', AlterConfigs, [0, 2], 'sets', async (on, version) => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, `alter-v${version}`);
    await on.ask(client, 'set', AlterConfigs, version, setBody(TOPIC, name, { 'retention.ms': '7777' }));
    await reads(client, TOPIC, name, 'retention.ms', '7777');
  }),
  ...ALTER,
  ...everyVersion('list config resources', ListConfigResources, [0, 1], 'lists', async (on, version) => {
    const client = await on.connect();
    const answer = await client.send(ListConfigResources, version, {});
    on.keep('without names', { errorCode: answer.errorCode, types: typesOf(answer) });
  }),
  ...LISTED,
  ...ELR.map((scenario) =>
    decided(
      scenario,
      'eligible leader replicas come with replication; with them Kafka keeps this as a cluster default',
    ),
  ),
  ...OWN_DEFAULTS.map((scenario) =>
    decided(scenario, 'no initial rebalance delay (the issue wants 0), and a node has an id without being given one'),
  ),
  ...NOT_DYNAMIC.map((scenario) => decided(scenario, 'ours reads them at its start, so they are shown as read-only')),
  ...UNDEFINED.map((scenario) =>
    decided(scenario, 'Apache Kafka stumbles with UNKNOWN_SERVER_ERROR; ours says INVALID_REQUEST'),
  ),
  ...LOGGERS.map((scenario) => decided(scenario, 'there are no loggers to configure')),
  ...scenarios('create topics', {
    'the answer lists the topic’s configs': async (on) => {
      const client = await on.connect();
      const configs = [{ name: 'retention.ms', value: '5000' }];
      const topic = {
        name: on.name('answers-configs'),
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs,
      };
      const asked = { topics: [topic], timeoutMs: 10_000, validateOnly: true };
      const { topics } = await client.send(CreateTopics, 5, asked);
      const shown = topics.map((at) => ({ ...at, configs: at.configs?.filter((one) => !OTHER_CONFIGS.has(one.name)) }));
      on.keep('configs', shown, ANY_ORDER);
    },
  }),
];

function typesOf({ configResources }: Decoded<(typeof ListConfigResources)['response']>): number[] {
  const types = new Set(configResources.map(({ resourceType }) => resourceType));
  types.delete(BROKER_LOGGER);
  return [...types].toSorted((left, right) => left - right);
}

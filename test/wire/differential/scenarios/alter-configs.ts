import { AlterConfigs, DescribeConfigs, IncrementalAlterConfigs } from '@trunkline/protocol';
import type { Conversation } from '../conversation.js';
import {
  APPEND,
  BROKER,
  type Change,
  DELETE,
  GROUP,
  NODE_ID,
  SET,
  SUBTRACT,
  TOPIC,
  changeBody,
  describe,
  describeBody,
  reads,
  setBody,
} from '../resources.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, makeTopic } from '../topics.js';

const changes =
  (base: string, ...given: readonly (readonly Change[])[]) =>
  async (on: Conversation): Promise<void> => {
    const client = await on.connect();
    const { name } = await makeTopic(on, client, base, { configs: { 'cleanup.policy': 'compact' } });
    for (const one of given) {
      await on.ask(client, JSON.stringify(one), IncrementalAlterConfigs, 1, changeBody(TOPIC, name, one, true));
    }
  };

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

const UNDEFINED = scenarios('incremental alter configs', {
  'an operation that nobody has defined': changes('operation', [['retention.ms', 9, '1']]),
});

export const ALTER_CONFIGS: readonly Scenario[] = [
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
  ...UNDEFINED.map((scenario) =>
    decided(scenario, 'Apache Kafka stumbles with UNKNOWN_SERVER_ERROR; ours says INVALID_REQUEST'),
  ),
];

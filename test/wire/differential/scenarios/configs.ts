import {
  CreateTopics,
  type Decoded,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
} from '@trunkline/protocol';
import {
  ANY_ORDER,
  BROKER,
  BROKER_LOGGER,
  CLIENT_METRICS,
  type Change,
  type Described,
  GROUP,
  NODE_ID,
  OTHER_CONFIGS,
  SET,
  TOPIC,
  changeBody,
  describe,
  describeBody,
  reads,
} from '../resources.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, makeTopic } from '../topics.js';

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
  'client metrics': async (on) => {
    const client = await on.connect();
    const name = on.name('metrics');
    const change: Change = ['interval.ms', SET, '60000'];
    await on.ask(client, 'set', IncrementalAlterConfigs, 1, changeBody(CLIENT_METRICS, name, [change]));
    await reads(client, CLIENT_METRICS, name, 'interval.ms', '60000');
    await describe(on, client, CLIENT_METRICS, name, null);
    const wrong: Change = ['interval.ms', SET, '1'];
    await on.ask(client, 'too short', IncrementalAlterConfigs, 1, changeBody(CLIENT_METRICS, name, [wrong]));
    const unknown: Change = ['retention.ms', SET, '1'];
    await on.ask(client, 'unknown', IncrementalAlterConfigs, 1, changeBody(CLIENT_METRICS, name, [unknown]));
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

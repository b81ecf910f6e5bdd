import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AlterConfigs,
  DeleteTopics,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
  errorName,
} from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import {
  BROKER,
  BROKER_LOGGER,
  CLIENT_METRICS,
  GROUP,
  TOPIC,
  codes,
  configsOf,
  create,
  topic,
  versionsOf,
} from './admin-fixture.js';

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ config: { 'num.partitions': '3' } });
  await create(broker, [topic('t'), topic('u')]);
});
afterAll(() => broker.stop());

type Change = readonly [name: string, operation: number, value: string | null];

async function change(
  [resourceType, resourceName]: readonly [number, string],
  changes: readonly Change[],
  { version = 1, validateOnly = false } = {},
): Promise<string> {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  const { responses } = await broker.send(IncrementalAlterConfigs, version, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly,
  });
  return errorName(responses[0]?.errorCode ?? -1);
}

async function replace(
  [resourceType, resourceName]: readonly [number, string],
  configs: Readonly<Record<string, string | null>>,
  { version = 2, validateOnly = false } = {},
): Promise<string> {
  const { responses } = await broker.send(AlterConfigs, version, {
    resources: [
      { resourceType, resourceName, configs: Object.entries(configs).map(([name, value]) => ({ name, value })) },
    ],
    validateOnly,
  });
  return errorName(responses[0]?.errorCode ?? -1);
}

describe('DescribeConfigs', () => {
  it.each(versionsOf(DescribeConfigs))('v%i tells all configs of a topic', async (version) => {
    const { results } = await broker.send(DescribeConfigs, version, {
      resources: [{ resourceType: TOPIC, resourceName: 'u', configurationKeys: null }],
      includeSynonyms: true,
      ...(version >= 3 && { includeDocumentation: true }),
    });
    const [result] = results;
    expect([result?.errorCode, result?.errorMessage]).toEqual([0, '']);
    expect(result?.configs.length).toBeGreaterThanOrEqual(33);
    const cleanup = result?.configs.find(({ name }) => name === 'cleanup.policy');
    expect(cleanup).toMatchObject({
      value: 'delete',
      readOnly: false,
      configSource: 5,
      isSensitive: false,
      synonyms: [{ name: 'log.cleanup.policy', value: 'delete', source: 5 }],
      configType: version < 3 ? 0 : 7,
    });
    expect(cleanup?.documentation === '').toBe(version < 3);
  });

  it('tells keys that are asked for, and leaves out those nobody knows', async () => {
    expect(await configsOf(broker, TOPIC, 'u', 'retention.ms', 'nope')).toEqual(['retention.ms=604800000:5']);
    const { results } = await broker.send(DescribeConfigs, 4, {
      resources: [{ resourceType: TOPIC, resourceName: 'u', configurationKeys: [] }],
    });
    expect(results[0]?.configs.length).toBeGreaterThanOrEqual(33);
  });

  it('gives no synonyms and no documentation when nobody asks', async () => {
    const { results } = await broker.send(DescribeConfigs, 4, {
      resources: [{ resourceType: TOPIC, resourceName: 'u', configurationKeys: null }],
    });
    expect(
      results[0]?.configs.every(({ synonyms, documentation }) => synonyms.length === 0 && documentation === null),
    ).toBe(true);
  });

  it('tells what a tool wants to know of this broker', async () => {
    expect(
      await configsOf(
        broker,
        BROKER,
        '1',
        'num.partitions',
        'auto.create.topics.enable',
        'log.retention.hours',
        'node.id',
      ),
    ).toEqual(['node.id=1:4', 'num.partitions=3:4', 'auto.create.topics.enable=true:5', 'log.retention.hours=168:5']);
    const { results } = await broker.send(DescribeConfigs, 4, {
      resources: [
        { resourceType: BROKER, resourceName: '1', configurationKeys: ['advertised.listeners', 'listeners'] },
      ],
    });
    const port = broker.broker.addresses[0]?.advertised.port;
    expect(
      results[0]?.configs.map(({ name, value, configSource, readOnly }) => [name, value, configSource, readOnly]),
    ).toEqual([
      ['listeners', 'PLAINTEXT://127.0.0.1:0', 4, true],
      ['advertised.listeners', `PLAINTEXT://127.0.0.1:${port}`, 4, true],
    ]);
  });

  it('answers each resource in its place', async () => {
    const asked: readonly (readonly [number, string])[] = [
      [TOPIC, 'nowhere'],
      [TOPIC, 'no good'],
      [TOPIC, ''],
      [BROKER, '9'],
      [BROKER, 'x'],
      [BROKER, ''],
      [GROUP, ''],
      [GROUP, 'nobody'],
      [CLIENT_METRICS, 'none'],
      [BROKER_LOGGER, '1'],
      [99, 'x'],
      [TOPIC, 't'],
    ];
    const resources = asked.map(([resourceType, resourceName]) => ({
      resourceType,
      resourceName,
      configurationKeys: null,
    }));
    const { results } = await broker.send(DescribeConfigs, 4, { resources });
    expect(results.map(({ resourceType, resourceName }) => [resourceType, resourceName])).toEqual(asked);
    expect(results.map(({ errorCode }) => errorName(errorCode))).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'INVALID_TOPIC_EXCEPTION',
      'INVALID_TOPIC_EXCEPTION',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'NONE',
      'INVALID_REQUEST',
      'NONE',
      'NONE',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'NONE',
    ]);
    expect(results.filter(({ errorCode, configs }) => errorCode !== 0 && configs.length > 0)).toEqual([]);
  });
});

describe('IncrementalAlterConfigs', () => {
  const t: readonly [number, string] = [TOPIC, 't'];

  it.each(versionsOf(IncrementalAlterConfigs))('v%i sets, appends, subtracts and deletes', async (version) => {
    expect(
      await change(
        t,
        [
          ['retention.ms', SET, '5000'],
          ['cleanup.policy', APPEND, 'compact'],
        ],
        { version },
      ),
    ).toBe('NONE');
    expect(await configsOf(broker, TOPIC, 't')).toEqual(['cleanup.policy=delete,compact:1', 'retention.ms=5000:1']);
    expect(await change(t, [['cleanup.policy', SUBTRACT, 'delete']], { version })).toBe('NONE');
    expect(await configsOf(broker, TOPIC, 't')).toEqual(['cleanup.policy=compact:1', 'retention.ms=5000:1']);
    expect(
      await change(
        t,
        [
          ['cleanup.policy', DELETE, null],
          ['retention.ms', DELETE, null],
        ],
        { version },
      ),
    ).toBe('NONE');
    expect(await configsOf(broker, TOPIC, 't')).toEqual([]);
  });

  it.each<[why: string, changes: readonly Change[], code: string]>([
    ['a key nobody knows', [['nope', SET, '1']], 'INVALID_CONFIG'],
    ['a value that cannot be', [['retention.ms', SET, 'x']], 'INVALID_CONFIG'],
    ['segments under a MiB', [['segment.bytes', SET, '1000']], 'INVALID_CONFIG'],
    ['appending to what is no list', [['retention.ms', APPEND, '1']], 'INVALID_CONFIG'],
    ['nothing to set', [['retention.ms', SET, null]], 'INVALID_REQUEST'],
    ['nothing to append', [['cleanup.policy', APPEND, null]], 'INVALID_REQUEST'],
    [
      'a key twice',
      [
        ['retention.ms', SET, '1'],
        ['retention.ms', DELETE, null],
      ],
      'INVALID_REQUEST',
    ],
    ['an operation nobody knows', [['retention.ms', 4, '1']], 'INVALID_REQUEST'],
    ['a key that has no value here', [['nope', DELETE, null]], 'NONE'],
    ['nothing at all', [], 'NONE'],
  ])('changes nothing for %s', async (_why, changes, code) => {
    expect(await change(t, [['segment.ms', SET, '777'], ...changes], { validateOnly: true })).toBe(code);
    if (code !== 'NONE') expect(await change(t, [['segment.ms', SET, '777'], ...changes])).toBe(code);
    expect(await configsOf(broker, TOPIC, 't')).toEqual([]);
  });

  it('refuses a list that grows longer than can be written down', async () => {
    const replicas = (from: number): string => Array.from({ length: 4000 }, (_, index) => `${from + index}:1`).join();
    const throttled = 'leader.replication.throttled.replicas';
    expect(await change(t, [[throttled, SET, replicas(1000)]])).toBe('NONE');
    expect(await change(t, [[throttled, APPEND, replicas(5000)]])).toBe('INVALID_CONFIG');
    expect(await change(t, [[throttled, DELETE, null]])).toBe('NONE');
    expect(await create(broker, [topic('still-works')])).toEqual(['still-works NONE']);
    await broker.send(DeleteTopics, 1, { topicNames: ['still-works'], timeoutMs: 10_000 });
  });

  it('answers each resource for itself, one that stands twice in both places', async () => {
    const configs = [{ name: 'segment.ms', configOperation: SET, value: '888' }];
    const resource = (resourceType: number, resourceName: string) => ({ resourceType, resourceName, configs });
    const { responses } = await broker.send(IncrementalAlterConfigs, 1, {
      resources: [
        resource(TOPIC, 't'),
        resource(TOPIC, 'u'),
        resource(TOPIC, 't'),
        resource(TOPIC, 'nowhere'),
        resource(77, 'x'),
        resource(BROKER_LOGGER, '1'),
      ],
      validateOnly: false,
    });
    expect(codes(responses)).toEqual([
      't INVALID_REQUEST',
      'u NONE',
      't INVALID_REQUEST',
      'nowhere UNKNOWN_TOPIC_OR_PARTITION',
      'x INVALID_REQUEST',
      '1 INVALID_REQUEST',
    ]);
    expect([await configsOf(broker, TOPIC, 't'), await configsOf(broker, TOPIC, 'u')]).toEqual([
      [],
      ['segment.ms=888:1'],
    ]);
    await replace([TOPIC, 'u'], {});
  });
});

describe('AlterConfigs', () => {
  const t: readonly [number, string] = [TOPIC, 't'];

  it.each(versionsOf(AlterConfigs))('v%i takes away what it does not name', async (version) => {
    expect(await replace(t, { 'retention.ms': '5000', 'segment.ms': '6000' }, { version })).toBe('NONE');
    expect(await replace(t, { 'segment.ms': '7000' }, { version })).toBe('NONE');
    expect(await configsOf(broker, TOPIC, 't')).toEqual(['segment.ms=7000:1']);
    expect(await replace(t, { 'retention.ms': '1' }, { version, validateOnly: true })).toBe('NONE');
    expect(await replace(t, { 'segment.ms': null }, { version })).toBe('INVALID_REQUEST');
    expect(await replace(t, { nope: '1' }, { version })).toBe('INVALID_CONFIG');
    expect(await configsOf(broker, TOPIC, 't')).toEqual(['segment.ms=7000:1']);
    expect(await replace(t, {}, { version })).toBe('NONE');
    expect(await configsOf(broker, TOPIC, 't')).toEqual([]);
  });

  it.each([
    ['a topic', TOPIC, 't'],
    ['a broker', BROKER, '1'],
    ['a group', GROUP, 'g'],
    ['client metrics', CLIENT_METRICS, 'm'],
  ] as const)('takes back everything it told of %s, unchanged', async (_what, type, name) => {
    const read = async () => {
      const resources = [{ resourceType: type, resourceName: name, configurationKeys: null }];
      return (await broker.send(DescribeConfigs, 4, { resources })).results[0]?.configs ?? [];
    };
    const told = (await read()).filter(({ value }) => value !== null);
    expect(told.length).toBeGreaterThan(2);
    expect(await replace([type, name], Object.fromEntries(told.map((one) => [one.name, one.value])))).toBe('NONE');
    const changes = told.map((one): Change => [one.name, SET, one.value]);
    expect(await change([type, name], changes)).toBe('NONE');
    const values = (configs: typeof told) => configs.map((one) => [one.name, one.value]);
    expect(values((await read()).filter(({ value }) => value !== null))).toEqual(values(told));
    expect(await replace([type, name], {})).toBe('NONE');
  });
});

describe('configs of a broker', () => {
  it('change for one and for all, and with them what topics inherit', async () => {
    const retention = (): Promise<readonly string[]> => configsOf(broker, TOPIC, 'u', 'retention.ms');
    expect(await change([BROKER, ''], [['log.retention.ms', SET, '3600000']])).toBe('NONE');
    expect(await retention()).toEqual(['retention.ms=3600000:3']);
    expect(await change([BROKER, '1'], [['log.retention.ms', SET, '7200000']])).toBe('NONE');
    expect(await retention()).toEqual(['retention.ms=7200000:2']);
    expect(await configsOf(broker, BROKER, '')).toEqual(['log.retention.ms=3600000:3']);
    expect(await configsOf(broker, BROKER, '1', 'log.retention.ms')).toEqual(['log.retention.ms=7200000:2']);
    expect(broker.broker.parts.replicas.partition('u', 0)?.config.retentionMs).toBe(7_200_000);
    await broker.restart();
    expect(await retention()).toEqual(['retention.ms=7200000:2']);
    expect(await change([BROKER, '1'], [['log.retention.ms', DELETE, null]])).toBe('NONE');
    expect(await change([BROKER, ''], [['log.retention.ms', DELETE, null]])).toBe('NONE');
    expect(await retention()).toEqual(['retention.ms=604800000:5']);
  });

  it.each<[string, Change, string]>([
    ['1', ['num.partitions', SET, '9'], 'INVALID_REQUEST'],
    ['1', ['num.partitions', SET, '3'], 'NONE'],
    ['', ['num.partitions', SET, '9'], 'INVALID_REQUEST'],
    ['1', ['log.retention.ms', SET, 'x'], 'INVALID_REQUEST'],
    ['9', ['log.retention.ms', SET, '9'], 'INVALID_REQUEST'],
    ['x', ['log.retention.ms', SET, '9'], 'INVALID_REQUEST'],
    ['1', ['nope', SET, '9'], 'INVALID_CONFIG'],
  ])('of broker %j: %j is %s', async (name, wanted, code) => {
    expect(await change([BROKER, name], [wanted])).toBe(code);
    expect(await configsOf(broker, BROKER, '')).toEqual([]);
  });
});

describe('configs of a group', () => {
  it('are taken before the group is there, and kept', async () => {
    expect(await change([GROUP, 'early'], [['consumer.session.timeout.ms', SET, '50000']])).toBe('NONE');
    await broker.restart();
    expect(await configsOf(broker, GROUP, 'early')).toEqual(['consumer.session.timeout.ms=50000:8']);
    expect(await change([GROUP, 'early'], [['consumer.session.timeout.ms', SET, '5']])).toBe('INVALID_CONFIG');
    expect(await change([GROUP, ''], [['consumer.session.timeout.ms', SET, '50000']])).toBe('INVALID_REQUEST');
  });
});

describe('ListConfigResources', () => {
  const list = async (version: number, ...resourceTypes: readonly number[]): Promise<readonly string[]> => {
    const answer = await broker.send(ListConfigResources, version, version === 0 ? {} : { resourceTypes });
    if (answer.errorCode !== 0) return [errorName(answer.errorCode)];
    return answer.configResources.map(({ resourceType, resourceName }) => `${resourceType}:${resourceName}`);
  };

  it('tells subscriptions to client metrics, and other kinds from v1 on', async () => {
    await change([CLIENT_METRICS, 'm'], [['interval.ms', SET, '1000']]);
    await change([GROUP, 'g'], [['consumer.session.timeout.ms', SET, '50000']]);
    expect(await list(0)).toEqual(['16:m']);
    expect(await list(1, GROUP)).toEqual(expect.arrayContaining(['32:g']));
    expect(await list(1, BROKER)).toEqual(['4:1']);
    expect((await list(1, TOPIC)).toSorted()).toEqual(['2:t', '2:u']);
    expect(await list(1)).toEqual(expect.arrayContaining(['16:m', '32:g', '4:1', '2:t', '2:u']));
    expect(await list(1, 99)).toEqual(['UNSUPPORTED_VERSION']);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ListOffsets,
  Metadata,
  Produce,
  errorName,
} from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import {
  NO_ID,
  STRANGE_ID,
  codes,
  configsOf,
  create,
  idOf,
  metadataOf,
  topic,
  versionsOf,
  TOPIC,
} from './admin-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ config: { 'num.partitions': '3' } });
});
afterAll(() => broker.stop());

const partitionsOf = async (name: string): Promise<number> =>
  (await metadataOf(broker, [name])).topics[0]?.partitions.length ?? 0;

describe('CreateTopics', () => {
  it.each(versionsOf(CreateTopics))('v%i makes a topic that can be used at once', async (version) => {
    const name = `made-${version}`;
    const { topics } = await broker.send(CreateTopics, version, {
      topics: [topic(name, { numPartitions: 2, configs: [{ name: 'retention.ms', value: '5000' }] })],
      timeoutMs: 10_000,
    });
    const [made] = topics;
    expect([made?.name, made?.errorCode, made?.errorMessage]).toEqual([name, 0, null]);
    expect([made?.numPartitions, made?.replicationFactor]).toEqual(version < 5 ? [-1, -1] : [2, 1]);
    const id = await idOf(broker, name);
    expect(made?.topicId).toBe(version < 7 ? NO_ID : id);
    expect(id).not.toBe(NO_ID);
    expect(id.startsWith('-')).toBe(false);
    const retention = made?.configs?.find((config) => config.name === 'retention.ms');
    expect(retention).toEqual(
      version < 5
        ? undefined
        : { name: 'retention.ms', value: '5000', readOnly: false, configSource: 1, isSensitive: false },
    );
    const offsets = await broker.send(ListOffsets, 1, {
      replicaId: -1,
      topics: [{ name, partitions: [{ partitionIndex: 1, timestamp: -1n }] }],
    });
    expect(offsets.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, offset: 0n });
  });

  it('tells every config in force, by name', async () => {
    const { topics } = await broker.send(CreateTopics, 7, { topics: [topic('told')], timeoutMs: 10_000 });
    const configs = topics[0]?.configs ?? [];
    expect(configs.length).toBeGreaterThanOrEqual(33);
    const names = configs.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(configs.find(({ name }) => name === 'max.message.bytes')).toMatchObject({
      value: '1048588',
      configSource: 5,
    });
  });

  it.each([2, 3, 4, 7])('v%i takes the broker’s defaults for -1', async (version) => {
    await create(broker, [topic(`defaults-${version}`, { numPartitions: -1, replicationFactor: -1 })], { version });
    expect(await partitionsOf(`defaults-${version}`)).toBe(3);
  });

  it('refuses what cannot be, each topic for itself, in the order of the request', async () => {
    await create(broker, [topic('taken'), topic('with.dot')]);
    const answers = await create(broker, [
      topic('taken'),
      topic(''),
      topic('..'),
      topic('no good'),
      topic('x'.repeat(250)),
      topic('with_dot'),
      topic('none', { numPartitions: 0 }),
      topic('few', { replicationFactor: 0 }),
      topic('many', { replicationFactor: 2 }),
      topic('small', { configs: [{ name: 'segment.bytes', value: '1000' }] }),
      topic('null', { configs: [{ name: 'segment.bytes', value: null }] }),
      topic('fine'),
    ]);
    expect(answers).toEqual([
      'taken TOPIC_ALREADY_EXISTS',
      ' INVALID_TOPIC_EXCEPTION',
      '.. INVALID_TOPIC_EXCEPTION',
      'no good INVALID_TOPIC_EXCEPTION',
      `${'x'.repeat(250)} INVALID_TOPIC_EXCEPTION`,
      'with_dot INVALID_TOPIC_EXCEPTION',
      'none INVALID_PARTITIONS',
      'few INVALID_REPLICATION_FACTOR',
      'many INVALID_REPLICATION_FACTOR',
      'small INVALID_CONFIG',
      'null INVALID_CONFIG',
      'fine NONE',
    ]);
  });

  it('answers a name that stands twice once', async () => {
    const answers = await create(broker, [topic('twice'), topic('once'), topic('twice')]);
    expect(answers).toEqual(['twice INVALID_REQUEST', 'once NONE']);
    expect(await partitionsOf('twice')).toBe(0);
  });

  it('takes replicas as they are told, and refuses others', async () => {
    const placed = (name: string, ...places: readonly (readonly [number, readonly number[]])[]) =>
      topic(name, {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: places.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds: [...brokerIds] })),
      });
    const answers = await create(broker, [
      placed('p-good', [1, [1]], [0, [1]]),
      { ...placed('p-count', [0, [1]]), numPartitions: 1 },
      { ...placed('p-factor', [0, [1]]), replicationFactor: 1 },
      placed('p-broker', [0, [9]]),
      placed('p-broker-twice', [0, [1, 1]]),
      placed('p-gap', [1, [1]]),
      placed('p-empty', [0, []]),
      placed('p-twice', [0, [1]], [0, [1]]),
    ]);
    expect(answers).toEqual([
      'p-good NONE',
      'p-count INVALID_REQUEST',
      'p-factor INVALID_REQUEST',
      'p-broker INVALID_REPLICA_ASSIGNMENT',
      'p-broker-twice INVALID_REPLICA_ASSIGNMENT',
      'p-gap INVALID_REPLICA_ASSIGNMENT',
      'p-empty INVALID_REPLICA_ASSIGNMENT',
      'p-twice INVALID_REPLICA_ASSIGNMENT',
    ]);
    expect(await partitionsOf('p-good')).toBe(2);
  });

  it('only checks when it shall only check', async () => {
    await create(broker, [topic('there')]);
    const { topics } = await broker.send(CreateTopics, 7, {
      topics: [topic('there'), topic('thought', { numPartitions: 4 }), topic('bad', { numPartitions: 0 })],
      timeoutMs: 10_000,
      validateOnly: true,
    });
    expect(codes(topics)).toEqual(['there TOPIC_ALREADY_EXISTS', 'thought NONE', 'bad INVALID_PARTITIONS']);
    expect(topics[1]).toMatchObject({ numPartitions: 4, replicationFactor: 1 });
    expect(await partitionsOf('thought')).toBe(0);
  });

  it('takes a request of a hundred topics, and one of none', async () => {
    const many = Array.from({ length: 100 }, (_, index) => topic(`many-${index}`));
    expect((await create(broker, many)).filter((answer) => answer.endsWith(' NONE'))).toHaveLength(100);
    expect(await create(broker, [])).toEqual([]);
  });
});

describe('DeleteTopics', () => {
  it.each(versionsOf(DeleteTopics))('v%i deletes by name, and the name is free at once', async (version) => {
    const name = `gone-${version}`;
    await create(broker, [topic(name)]);
    const before = await idOf(broker, name);
    const names = [name, 'never-there'];
    const { responses } = await broker.send(DeleteTopics, version, {
      ...(version < 6 ? { topicNames: names } : { topics: names.map((one) => ({ name: one, topicId: NO_ID })) }),
      timeoutMs: 10_000,
    });
    expect(codes(responses)).toEqual([`${name} NONE`, 'never-there UNKNOWN_TOPIC_OR_PARTITION']);
    if (version >= 6) expect(responses[0]?.topicId).toBe(before);
    expect((await metadataOf(broker, [name])).topics[0]?.errorCode).toBe(3);
    expect(await create(broker, [topic(name)])).toEqual([`${name} NONE`]);
    expect(await idOf(broker, name)).not.toBe(before);
  });

  it('deletes by id, and answers every topic once, in order', async () => {
    await create(broker, [topic('by-id'), topic('by-both')]);
    const [byId, byBoth] = [await idOf(broker, 'by-id'), await idOf(broker, 'by-both')];
    const { responses } = await broker.send(DeleteTopics, 6, {
      topics: [
        { name: null, topicId: byId },
        { name: null, topicId: STRANGE_ID },
        { name: null, topicId: NO_ID },
        { name: 'by-id', topicId: STRANGE_ID },
        { name: 'by-both', topicId: NO_ID },
        { name: null, topicId: byBoth },
      ],
      timeoutMs: 10_000,
    });
    expect(responses.map(({ name, topicId, errorCode }) => [name, topicId, errorName(errorCode)])).toEqual([
      ['by-id', byId, 'NONE'],
      [null, STRANGE_ID, 'UNKNOWN_TOPIC_ID'],
      [null, NO_ID, 'INVALID_REQUEST'],
      ['by-id', STRANGE_ID, 'INVALID_REQUEST'],
      ['by-both', byBoth, 'INVALID_REQUEST'],
    ]);
    expect(await partitionsOf('by-both')).toBe(1);
  });

  it('leaves a topic that stands twice', async () => {
    await create(broker, [topic('kept')]);
    const { responses } = await broker.send(DeleteTopics, 1, { topicNames: ['kept', 'kept'], timeoutMs: 10_000 });
    expect(codes(responses)).toEqual(['kept INVALID_REQUEST']);
    expect(await partitionsOf('kept')).toBe(1);
  });

  it('takes the records and configs with it', async () => {
    await create(broker, [topic('again', { configs: [{ name: 'retention.ms', value: '5000' }] })]);
    await broker.send(DeleteTopics, 6, { topics: [{ name: 'again', topicId: NO_ID }], timeoutMs: 10_000 });
    await create(broker, [topic('again')]);
    expect(await configsOf(broker, TOPIC, 'again')).toEqual([]);
  });

  it.each([
    [1, 'INVALID_REQUEST'],
    [3, 'TOPIC_DELETION_DISABLED'],
    [6, 'TOPIC_DELETION_DISABLED'],
  ])('v%i deletes nothing where delete.topic.enable is false: %s', async (version, code) => {
    const stubborn = await startTestBroker({ config: { 'delete.topic.enable': 'false' } });
    await create(stubborn, [topic('stays')]);
    const { responses } = await stubborn.send(DeleteTopics, version, {
      ...(version < 6 ? { topicNames: ['stays'] } : { topics: [{ name: 'stays', topicId: NO_ID }] }),
      timeoutMs: 10_000,
    });
    expect(codes(responses)).toEqual([`stays ${code}`]);
    await stubborn.stop();
  });
});

describe('CreatePartitions', () => {
  it.each(versionsOf(CreatePartitions))('v%i adds partitions that can be used at once', async (version) => {
    const name = `grown-${version}`;
    await create(broker, [topic(name)]);
    const { results } = await broker.send(CreatePartitions, version, {
      topics: [{ name, count: 3, assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] }],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    expect(codes(results)).toEqual([`${name} NONE`]);
    expect(await partitionsOf(name)).toBe(3);
    const produced = await broker.send(Produce, 3, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name, partitionData: [{ index: 2, records: null }] }],
    });
    expect(errorName(produced.responses[0]?.partitionResponses[0]?.errorCode ?? -1)).not.toBe(
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
  });

  it('answers every topic, and changes nothing that it refuses', async () => {
    await create(broker, [topic('g', { numPartitions: 2 }), topic('h')]);
    const ask = async (
      validateOnly: boolean,
      ...topics: readonly { name: string; count: number; places?: readonly number[] }[]
    ) => {
      const { results } = await broker.send(CreatePartitions, 3, {
        topics: topics.map(({ name, count, places }) => ({
          name,
          count,
          assignments: places?.map((id) => ({ brokerIds: [id] })) ?? null,
        })),
        timeoutMs: 10_000,
        validateOnly,
      });
      return codes(results);
    };
    expect(await ask(false, { name: 'g', count: 2 }, { name: 'h', count: 0 }, { name: 'nowhere', count: 2 })).toEqual([
      'g INVALID_PARTITIONS',
      'h INVALID_PARTITIONS',
      'nowhere UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(await ask(false, { name: 'g', count: 3, places: [1, 1] }, { name: 'h', count: 2, places: [9] })).toEqual([
      'g INVALID_REPLICA_ASSIGNMENT',
      'h INVALID_REPLICA_ASSIGNMENT',
    ]);
    expect(await ask(false, { name: 'g', count: 3 }, { name: 'g', count: 4 })).toEqual(['g INVALID_REQUEST']);
    expect(await ask(true, { name: 'g', count: 3 })).toEqual(['g NONE']);
    expect([await partitionsOf('g'), await partitionsOf('h')]).toEqual([2, 1]);
  });
});

describe('topics', () => {
  it('are the same after a restart, ids and all', async () => {
    const before = await broker.send(Metadata, 13, { topics: null, allowAutoTopicCreation: false });
    await broker.restart();
    const after = await broker.send(Metadata, 13, { topics: null, allowAutoTopicCreation: false });
    const byName = ({ topics }: typeof before) => new Map(topics.map((one) => [one.name, one]));
    expect(byName(after)).toEqual(byName(before));
    expect(after.clusterId).toBe(before.clusterId);
  });

  it('are bounded in number', async () => {
    const small = await startTestBroker({ config: { 'max.partitions': '5' } });
    expect(
      await create(small, [topic('a', { numPartitions: 4 }), topic('b', { numPartitions: 2 }), topic('c')]),
    ).toEqual(['a NONE', 'b POLICY_VIOLATION', 'c NONE']);
    await small.stop();
  });
});

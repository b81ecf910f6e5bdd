import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AlterConfigs,
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  DescribeTopicPartitions,
  Metadata,
} from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { BROKER, NO_ID, TOPIC, codes, create, metadataOf, topic } from './admin-fixture.js';

const MANY = 10_001;
const names = Array.from({ length: MANY }, (_, index) => `t-${index}`);

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ config: { 'auto.create.topics.per.second': '1' } });
  await create(broker, [topic('a')]);
});
afterAll(() => broker.stop());

/** The one code that all of many results have. */
function onlyCode(results: Parameters<typeof codes>[0]): readonly string[] {
  return [...new Set(codes(results).map((code) => code.split(' ').at(-1) ?? ''))];
}

describe('a request for ten thousand changes', () => {
  it('to make topics is refused whole', async () => {
    const { topics } = await broker.send(CreateTopics, 7, {
      topics: names.map((name) => topic(name)),
      timeoutMs: 1000,
    });
    expect([topics.length, onlyCode(topics)]).toEqual([MANY, ['POLICY_VIOLATION']]);
  });

  it('to delete topics is refused whole', async () => {
    const topics = names.map((name) => ({ name, topicId: NO_ID }));
    const { responses } = await broker.send(DeleteTopics, 6, { topics, timeoutMs: 1000 });
    expect([responses.length, onlyCode(responses)]).toEqual([MANY, ['POLICY_VIOLATION']]);
  });

  it('to add partitions is refused whole', async () => {
    const topics = names.map((name) => ({ name, count: 2, assignments: null }));
    const { results } = await broker.send(CreatePartitions, 3, { topics, timeoutMs: 1000, validateOnly: false });
    expect([results.length, onlyCode(results)]).toEqual([MANY, ['POLICY_VIOLATION']]);
  });

  it('of configs is refused whole', async () => {
    const resources = names.map((resourceName) => ({ resourceType: TOPIC, resourceName, configs: [] }));
    const { responses } = await broker.send(AlterConfigs, 2, { resources, validateOnly: false });
    expect([responses.length, onlyCode(responses)]).toEqual([MANY, ['POLICY_VIOLATION']]);
  });
});

describe('a request that asks for much', () => {
  it('makes no more topics than the rate allows, and answers for all it names', async () => {
    const { topics } = await broker.send(Metadata, 13, { topics: names.map((name) => ({ name })) });
    expect(topics).toHaveLength(MANY);
    expect(topics.filter(({ errorCode }) => errorCode === 0)).toHaveLength(11);
    expect((await metadataOf(broker, null)).topics).toHaveLength(12);
  });

  it('is answered soon when it asks the same ten thousand times', async () => {
    const resource = { resourceType: BROKER, resourceName: '1', configurationKeys: ['num.partitions'] };
    const beganMs = performance.now();
    const { results } = await broker.send(DescribeConfigs, 4, { resources: Array(MANY).fill(resource) });
    expect([results.length, onlyCode(results)]).toEqual([MANY, ['NONE']]);
    const described = await broker.send(DescribeTopicPartitions, 0, { topics: names.map((name) => ({ name })) });
    expect(described.topics).toHaveLength(MANY);
    expect(performance.now() - beganMs).toBeLessThan(5000);
  });

  it('about more than twenty thousand resources is refused', async () => {
    const resource = { resourceType: BROKER, resourceName: '1', configurationKeys: null };
    const { results } = await broker.send(DescribeConfigs, 4, { resources: Array(20_001).fill(resource) });
    expect(onlyCode(results)).toEqual(['POLICY_VIOLATION']);
  });
});

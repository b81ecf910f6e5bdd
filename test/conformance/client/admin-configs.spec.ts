import { expect, it } from '@jest/globals';
import { itSinceFour } from './brokers.js';
import type { ConfigResource } from '@trunkline/client';
import { describeAdmin, eventually } from './admin-kit.js';
import { codeOf } from './client-kit.js';

const topicOf = (name: string): ConfigResource => ({ type: 'topic', name });

describeAdmin('configs', (world, tested) => {
  const valueOf = async (resource: ConfigResource, name: string): Promise<string | undefined> =>
    (await world().admin.configs.describe([resource])).value(resource).get(name)?.value;

  it('of a topic tell value, source and type', async () => {
    const topic = topicOf(await world().topic({ configs: { 'retention.ms': '60000' } }));
    const configs = (await world().admin.configs.describe([topic])).value(topic);
    expect(configs.get('retention.ms')).toMatchObject({ value: '60000', source: 'dynamic_topic', type: 'long' });
    expect(configs.get('cleanup.policy')).toMatchObject({ value: 'delete', type: 'list', readOnly: false });
    expect(configs.size).toBeGreaterThanOrEqual(25);
  });

  it('are told by name only when names are given', async () => {
    const topic = topicOf(await world().topic());
    const configs = await world().admin.configs.describe([topic], { names: ['retention.ms', 'segment.bytes'] });
    expect([...configs.value(topic).keys()].toSorted()).toEqual(['retention.ms', 'segment.bytes']);
  });

  it('tell what holds when they are taken away, when asked', async () => {
    const topic = topicOf(await world().topic({ configs: { 'cleanup.policy': 'compact' } }));
    const { configs } = world().admin;
    const plain = (await configs.describe([topic])).value(topic).get('cleanup.policy')!;
    const asked = (await configs.describe([topic], { includeSynonyms: true })).value(topic).get('cleanup.policy')!;
    expect(plain.synonyms).toEqual([]);
    expect(asked.synonyms.at(-1)).toEqual({ name: 'log.cleanup.policy', value: 'delete', source: 'default' });
  });

  it('tell their meaning, when asked', async () => {
    const topic = topicOf(await world().topic());
    const { configs } = world().admin;
    const plain = (await configs.describe([topic])).value(topic).get('retention.ms')!;
    const asked = (await configs.describe([topic], { includeDocumentation: true })).value(topic).get('retention.ms')!;
    expect(plain.documentation).toBeUndefined();
    expect(asked.documentation).toEqual(expect.any(String));
  });

  itSinceFour(tested, 'of a broker are told by that broker', async () => {
    const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
    const broker: ConfigResource = { type: 'broker', name: String(nodeId) };
    const configs = (await world().admin.configs.describe([broker])).value(broker);
    expect(configs.get('advertised.listeners')).toMatchObject({ source: 'static_broker', readOnly: true });
  });

  it('of a broker and of topics come in one call', async () => {
    const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
    const broker: ConfigResource = { type: 'broker', name: String(nodeId) };
    const topic = topicOf(await world().topic());
    const described = await world().admin.configs.describe([broker, topic]);
    expect(described.values().map((configs) => configs.size > 0)).toEqual([true, true]);
  });

  it('of a broker that is none are UNREACHABLE', async () => {
    const broker: ConfigResource = { type: 'broker', name: '4711' };
    const call = world().admin.configs.describe([broker], { timeoutMs: 400 });
    expect(await codeOf(call)).toBe('UNREACHABLE');
  });

  it('of a broker are not asked for by a name that is no id', async () => {
    expect(await codeOf(world().admin.configs.describe([{ type: 'broker', name: 'first' }]))).toBe('MISUSE');
  });

  it('of a topic that is none are refused, those of others told', async () => {
    const topic = topicOf(await world().topic());
    const none = topicOf('admin-no-such-topic');
    const described = await world().admin.configs.describe([topic, none]);
    expect(described.get(none)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(described.get(topic)?.ok).toBe(true);
  });

  it('are set and taken away one by one', async () => {
    const topic = topicOf(await world().topic({ configs: { 'retention.ms': '60000', 'segment.ms': '70000' } }));
    (
      await world().admin.configs.alter([{ ...topic, set: { 'retention.ms': '80000' }, remove: ['segment.ms'] }])
    ).check();
    await eventually(() => valueOf(topic, 'retention.ms'), '80000');
    await eventually(() => valueOf(topic, 'segment.ms'), '604800000');
  });

  it('that are lists get and lose elements', async () => {
    const topic = topicOf(await world().topic());
    (await world().admin.configs.alter([{ ...topic, append: { 'cleanup.policy': 'compact' } }])).check();
    await eventually(() => valueOf(topic, 'cleanup.policy'), 'delete,compact');
    (await world().admin.configs.alter([{ ...topic, subtract: { 'cleanup.policy': 'delete' } }])).check();
    await eventually(() => valueOf(topic, 'cleanup.policy'), 'compact');
  });

  it('are refused with a value that cannot be, all of that resource', async () => {
    const topic = topicOf(await world().topic());
    const altered = await world().admin.configs.alter([
      { ...topic, set: { 'retention.ms': 'long', 'segment.ms': '70000' } },
    ]);
    expect(altered.get(topic)?.error?.code).toBe('INVALID_CONFIG');
    await eventually(() => valueOf(topic, 'segment.ms'), '604800000');
  });

  it('are refused for one resource and set for another', async () => {
    const [topic, none] = [topicOf(await world().topic()), topicOf('admin-no-such-topic')];
    const set = { 'retention.ms': '80000' };
    const altered = await world().admin.configs.alter([
      { ...topic, set },
      { ...none, set },
    ]);
    expect(altered.get(topic)?.ok).toBe(true);
    expect(altered.get(none)?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('are only checked when that is wanted', async () => {
    const topic = topicOf(await world().topic());
    const { configs } = world().admin;
    (await configs.alter([{ ...topic, set: { 'retention.ms': '80000' } }], { validateOnly: true })).check();
    await eventually(() => valueOf(topic, 'retention.ms'), '604800000');
  });

  it('are replaced as a whole', async () => {
    const topic = topicOf(await world().topic({ configs: { 'retention.ms': '60000' } }));
    (await world().admin.configs.replace([{ ...topic, configs: { 'segment.ms': '70000' } }])).check();
    await eventually(() => valueOf(topic, 'retention.ms'), '604800000');
    await eventually(() => valueOf(topic, 'segment.ms'), '70000');
  });

  itSinceFour(tested, 'name the topics among what has configs', async () => {
    const topic = await world().topic();
    const resources = await world().admin.configs.listResources(['topic']);
    expect(resources).toContainEqual({ type: 'topic', name: topic });
    expect(new Set(resources.map(({ type }) => type))).toEqual(new Set(['topic']));
  });

  itSinceFour(tested, 'name every kind when none is asked for', async () => {
    const kinds = new Set((await world().admin.configs.listResources()).map(({ type }) => type));
    expect([...kinds]).toEqual(expect.arrayContaining(['broker', 'topic']));
  });

  if (tested.has.consumerGroups) {
    it('of a group are set before there is one', async () => {
      const group: ConfigResource = { type: 'group', name: world().name('group') };
      (await world().admin.configs.alter([{ ...group, set: { 'consumer.session.timeout.ms': '50000' } }])).check();
      await eventually(() => valueOf(group, 'consumer.session.timeout.ms'), '50000');
      (await world().admin.configs.alter([{ ...group, remove: ['consumer.session.timeout.ms'] }])).check();
    });

    it('of client metrics are set, listed and taken away', async () => {
      const metrics: ConfigResource = { type: 'client_metrics', name: world().name('metrics') };
      (await world().admin.configs.alter([{ ...metrics, set: { 'interval.ms': '60000' } }])).check();
      await eventually(async () => {
        const listed = await world().admin.configs.listResources(['client_metrics']);
        return listed.some(({ name }) => name === metrics.name);
      }, true);
      (await world().admin.configs.alter([{ ...metrics, remove: ['interval.ms'] }])).check();
    });

    it('of loggers are told by their broker', async () => {
      const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
      const loggers: ConfigResource = { type: 'broker_logger', name: String(nodeId) };
      const outcome = (await world().admin.configs.describe([loggers])).get(loggers);
      // Apache Kafka refuses when it runs without log4j, as from these jars; either is the broker's word.
      expect(outcome?.ok === true || outcome?.error?.number !== undefined).toBe(true);
    });

    it('of one broker are changed while it runs', async () => {
      const { nodeId } = (await world().admin.cluster.describe()).brokers[0]!;
      const broker: ConfigResource = { type: 'broker', name: String(nodeId) };
      (await world().admin.configs.alter([{ ...broker, set: { 'log.cleaner.backoff.ms': '14000' } }])).check();
      await eventually(() => valueOf(broker, 'log.cleaner.backoff.ms'), '14000');
      (await world().admin.configs.alter([{ ...broker, remove: ['log.cleaner.backoff.ms'] }])).check();
    });
  }
});

import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@trunkline/testing';
import { staticConfig } from '../test/fixture.js';
import { LogWorld, register, topicNames } from '../test/log-world.js';
import { CONFIG_RESOURCE_TYPES } from './records.js';
import type { MetadataManager } from './metadata-manager.js';
import { OFFSETS_TOPIC, TopicAutoCreation } from './topic-auto-creation.js';

async function opened(settings: Readonly<Record<string, string>> = {}): Promise<{
  readonly world: LogWorld;
  readonly clock: ManualClock;
  readonly manager: MetadataManager;
  readonly topics: TopicAutoCreation;
}> {
  const statics = staticConfig(settings);
  const world = new LogWorld({ seed: 1 }, undefined, statics);
  const manager = await world.open();
  await register(manager, world.random);
  const clock = new ManualClock();
  return { world, clock, manager, topics: new TopicAutoCreation({ manager, statics, clock, logger: world.logger }) };
}

describe('topics that make themselves', () => {
  it('are there with the broker’s defaults when it is answered, whoever asks first', async () => {
    const { manager, topics } = await opened({ 'num.partitions': '3' });
    const [first, second] = await Promise.all([topics.create(['a', 'b']), topics.create(['b'])]);
    expect([first.size, second.size]).toEqual([0, 0]);
    expect(topicNames(manager)).toEqual(['a', 'b']);
    expect(manager.image.topics.byName('a')?.partitions).toHaveLength(3);
  });

  it('come at a bounded rate', async () => {
    const { manager, topics, clock } = await opened({ 'auto.create.topics.per.second': '2' });
    const names = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const refused = await topics.create(names);
    expect(manager.image.topics.size).toBe(22);
    expect([...refused.values()].map(({ code }) => code)).toEqual(Array(8).fill('UNKNOWN_TOPIC_OR_PARTITION'));
    clock.advance(1000);
    expect((await topics.create([...refused.keys()])).size).toBe(6);
  });

  it('come in a bounded number, and one line in a while says so', async () => {
    const { world, clock, manager, topics } = await opened({ 'max.partitions': '2' });
    const refused = await topics.create(['a', 'b', 'c', 'd']);
    expect([...refused.keys()]).toEqual(['c', 'd']);
    expect(topicNames(manager)).toEqual(['a', 'b']);
    expect(world.warnings).toEqual(['a topic could not make itself']);
    clock.advance(60_000);
    await topics.create(['c']);
    expect(world.warnings).toHaveLength(2);
  });

  it('say why, each for itself, when the log takes no more', async () => {
    const { world, topics } = await opened();
    world.disk.fail('sync', /\.log$/, 'EIO');
    const refused = await topics.create(['a', 'b']);
    expect([...refused.values()].map(({ code }) => code)).toEqual(['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR']);
  });

  it('include the offsets topic, compacted, once', async () => {
    const { manager, topics } = await opened({
      'offsets.topic.num.partitions': '7',
      'offsets.topic.segment.bytes': '5',
    });
    await Promise.all([topics.createOffsetsTopic(), topics.createOffsetsTopic()]);
    expect(manager.image.topics.byName(OFFSETS_TOPIC)?.partitions).toHaveLength(7);
    expect(Object.fromEntries(manager.image.configs.of(CONFIG_RESOURCE_TYPES.topic, OFFSETS_TOPIC))).toEqual({
      'cleanup.policy': 'compact',
      'compression.type': 'producer',
      'segment.bytes': '1048576',
    });
  });
});

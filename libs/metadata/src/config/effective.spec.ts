import { describe, expect, it } from '@jest/globals';
import { ControllerWorld, newTopic, staticConfig } from '../../test/fixture.js';
import type { ConfigChange } from '../config-decisions.js';
import { CONFIG_RESOURCE_TYPES, type ConfigResourceType } from '../records.js';
import { brokerDefaultEntries, brokerEntries, groupEntries, topicEntries, type ConfigEntry } from './describe.js';
import { logConfigOf, topicConfigOf } from './topic-config.js';

class ConfigWorld {
  readonly statics;
  readonly world: ControllerWorld;

  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.statics = staticConfig(settings);
    this.world = new ControllerWorld(1, this.statics).withBrokers(1);
    this.world.commit(this.world.controller.createTopics([newTopic('t')]));
  }

  set(type: ConfigResourceType, name: string, config: string, value: string): this {
    const changes: readonly ConfigChange[] = [{ name: config, operation: 'set', value }];
    const [outcome] = this.world.commit(
      this.world.controller.alterConfigs([{ resource: { type, name }, mode: 'incremental', changes }]),
    );
    if (outcome?.error !== undefined) throw outcome.error;
    return this;
  }

  topic(config: string): string {
    const { configs } = this.world.image;
    return told(topicEntries(configs.of(CONFIG_RESOURCE_TYPES.topic, 't'), configs, this.statics), config);
  }

  broker(config: string): string {
    return told(brokerEntries(this.world.image.configs, this.statics), config);
  }
}

/** `value from source (synonyms)`. */
function told(entries: readonly ConfigEntry[], name: string): string {
  const entry = entries.find((one) => one.name === name);
  const synonyms = entry?.synonyms.map((synonym) => `${synonym.name}=${synonym.value}:${synonym.source}`) ?? [];
  return `${entry?.value} from ${entry?.source} (${synonyms.join(' ')})`;
}

const { topic, broker, group } = CONFIG_RESOURCE_TYPES;

describe('a config in force', () => {
  it('is the topic’s own, else the broker’s, else what all brokers have, else what it was started with', () => {
    const world = new ConfigWorld({ 'log.segment.bytes': '2000000' });
    expect(world.topic('segment.bytes')).toBe(
      '2000000 from 4 (log.segment.bytes=2000000:4 log.segment.bytes=1073741824:5)',
    );
    world.set(broker, '', 'log.segment.bytes', '3000000');
    expect(world.topic('segment.bytes')).toContain('3000000 from 3');
    world.set(broker, '1', 'log.segment.bytes', '4000000');
    expect(world.topic('segment.bytes')).toContain('4000000 from 2');
    world.set(topic, 't', 'segment.bytes', '5000000');
    expect(world.topic('segment.bytes')).toBe(
      '5000000 from 1 (segment.bytes=5000000:1 log.segment.bytes=4000000:2 log.segment.bytes=3000000:3 ' +
        'log.segment.bytes=2000000:4 log.segment.bytes=1073741824:5)',
    );
    expect(logConfigOf(world.world.image, world.statics, 't').segmentBytesMax).toBe(5_000_000);
    expect(logConfigOf(world.world.image, world.statics, 'other').segmentBytesMax).toBe(4_000_000);
  });

  it('comes out of coarser units, and then shows no synonyms, as in Kafka', () => {
    const world = new ConfigWorld({ 'log.retention.hours': '24' });
    expect(world.topic('retention.ms')).toBe('86400000 from 5 ()');
    expect(world.broker('log.retention.ms')).toBe('null from 5 ()');
    expect(world.broker('log.retention.hours')).toBe('24 from 4 (log.retention.hours=24:4 log.retention.hours=168:5)');
    world.set(broker, '1', 'log.retention.ms', '7200000');
    expect(world.topic('retention.ms')).toBe(
      '7200000 from 2 (log.retention.ms=7200000:2 log.retention.hours=24:4 log.retention.hours=168:5)',
    );
  });

  it('keeps for ever when the coarser unit says so', () => {
    const { world, statics } = new ConfigWorld({ 'log.retention.minutes': '-1' });
    expect(logConfigOf(world.image, statics, 't').retentionMs).toBe(-1);
  });

  it('is told with all that was set for all brokers, and nothing else, for the nameless broker', () => {
    const { world } = new ConfigWorld().set(broker, '', 'log.retention.ms', '5').set(broker, '1', 'flush', 'os');
    const entries = brokerDefaultEntries(world.image.configs);
    expect(entries.map(({ name, value, source }) => [name, value, source])).toEqual([['log.retention.ms', '5', 3]]);
  });

  it('is read-only where only a restart can change it', () => {
    const { world, statics } = new ConfigWorld();
    const entries = brokerEntries(world.image.configs, statics);
    const readOnly = new Set(entries.filter((entry) => entry.readOnly).map(({ name }) => name));
    expect(['advertised.listeners', 'num.partitions', 'log.dirs'].every((name) => readOnly.has(name))).toBe(true);
    expect(['log.retention.ms', 'message.max.bytes', 'flush'].some((name) => readOnly.has(name))).toBe(false);
  });

  it('of a group is there before the group', () => {
    const world = new ConfigWorld().set(group, 'g', 'consumer.session.timeout.ms', '50000');
    const { configs } = world.world.image;
    expect(told(groupEntries('g', configs, world.statics), 'consumer.session.timeout.ms')).toBe(
      '50000 from 8 (consumer.session.timeout.ms=50000:8 group.consumer.session.timeout.ms=45000:5)',
    );
    expect(told(groupEntries('h', configs, world.statics), 'share.auto.offset.reset')).toBe(
      'latest from 5 (share.auto.offset.reset=latest:5)',
    );
  });

  it('is parsed for those who act on it', () => {
    const world = new ConfigWorld({ 'flush.interval.ms': '250' })
      .set(topic, 't', 'cleanup.policy', 'compact,delete')
      .set(topic, 't', 'trunkline.flush', 'interval')
      .set(topic, 't', 'message.timestamp.type', 'LogAppendTime')
      .set(topic, 't', 'compression.type', 'zstd')
      .set(topic, 't', 'retention.ms', ' +5 ');
    expect(topicConfigOf(world.world.image, world.statics, 't')).toMatchObject({
      deletes: true,
      compacts: true,
      flush: 'interval',
      flushIntervalMs: 250,
      timestampType: 'LogAppendTime',
      compressionType: 'zstd',
      retentionMs: 5,
      timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
      minInSyncReplicas: 1,
    });
    expect(topicConfigOf(world.set(topic, 't', 'flush.ms', '9').world.image, world.statics, 't').flushIntervalMs).toBe(
      9,
    );
  });
});

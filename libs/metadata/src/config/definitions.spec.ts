import { describe, expect, it } from '@jest/globals';
import { BROKER_CONFIG_DEFINITIONS } from './broker-configs.js';
import { CLIENT_METRICS_CONFIG_DEFINITIONS, GROUP_CONFIG_DEFINITIONS } from './other-configs.js';
import { TOPIC_CONFIG_DEFINITIONS } from './topic-configs.js';
import { configFault } from './value.js';

const TABLES = {
  topic: TOPIC_CONFIG_DEFINITIONS,
  broker: BROKER_CONFIG_DEFINITIONS,
  group: GROUP_CONFIG_DEFINITIONS,
  'client metrics': CLIENT_METRICS_CONFIG_DEFINITIONS,
};

/** Topic configs of Apache Kafka 4.3.1 with type, default and broker synonym, as its DescribeConfigs tells them. */
const KAFKA_TOPIC_CONFIGS = `
cleanup.policy LIST delete log.cleanup.policy
compression.gzip.level INT -1 compression.gzip.level
compression.lz4.level INT 9 compression.lz4.level
compression.type STRING producer compression.type
compression.zstd.level INT 3 compression.zstd.level
delete.retention.ms LONG 86400000 log.cleaner.delete.retention.ms
file.delete.delay.ms LONG 60000 log.segment.delete.delay.ms
flush.messages LONG 9223372036854775807 log.flush.interval.messages
flush.ms LONG 9223372036854775807 log.flush.interval.ms
follower.replication.throttled.replicas LIST - -
index.interval.bytes INT 4096 log.index.interval.bytes
leader.replication.throttled.replicas LIST - -
local.retention.bytes LONG -2 log.local.retention.bytes
local.retention.ms LONG -2 log.local.retention.ms
max.compaction.lag.ms LONG 9223372036854775807 log.cleaner.max.compaction.lag.ms
max.message.bytes INT 1048588 message.max.bytes
message.timestamp.after.max.ms LONG 3600000 log.message.timestamp.after.max.ms
message.timestamp.before.max.ms LONG 9223372036854775807 log.message.timestamp.before.max.ms
message.timestamp.type STRING CreateTime log.message.timestamp.type
min.cleanable.dirty.ratio DOUBLE 0.5 log.cleaner.min.cleanable.ratio
min.compaction.lag.ms LONG 0 log.cleaner.min.compaction.lag.ms
min.insync.replicas INT 1 min.insync.replicas
preallocate BOOLEAN false log.preallocate
remote.log.copy.disable BOOLEAN false -
remote.log.delete.on.disable BOOLEAN false -
remote.storage.enable BOOLEAN false -
retention.bytes LONG -1 log.retention.bytes
retention.ms LONG 604800000 log.retention.ms
segment.bytes INT 1073741824 log.segment.bytes
segment.index.bytes INT 10485760 log.index.size.max.bytes
segment.jitter.ms LONG 0 log.roll.jitter.ms
segment.ms LONG 604800000 log.roll.ms
unclean.leader.election.enable BOOLEAN false unclean.leader.election.enable`;

/** What tools read of a broker (semantics, item 166, and 10-seen, item 5). */
const READ_BY_TOOLS = [
  'num.partitions',
  'default.replication.factor',
  'log.retention.ms',
  'log.retention.minutes',
  'log.retention.hours',
  'log.retention.bytes',
  'log.segment.bytes',
  'min.insync.replicas',
  'message.max.bytes',
  'auto.create.topics.enable',
  'delete.topic.enable',
  'advertised.listeners',
  'listeners',
  'offsets.retention.minutes',
  'broker.id',
  'node.id',
  'broker.rack',
  'log.dirs',
  'unclean.leader.election.enable',
  'compression.type',
];

describe('the tables of configs', () => {
  it('hold every topic config that Apache Kafka shows, and our own', () => {
    const rows = KAFKA_TOPIC_CONFIGS.trim().split('\n');
    const ours = [...TOPIC_CONFIG_DEFINITIONS.values()]
      .filter(({ name }) => name !== 'trunkline.flush')
      .map(({ name, type, defaultValue, synonyms }) => {
        const shown = defaultValue === '' ? '-' : String(defaultValue);
        return `${name} ${type} ${shown} ${synonyms[0]?.name ?? '-'}`;
      });
    expect(ours.toSorted()).toEqual(rows);
    expect(TOPIC_CONFIG_DEFINITIONS.get('trunkline.flush')?.defaultValue).toBe('group-commit');
  });

  it('hold what tools read of a broker', () => {
    expect(READ_BY_TOOLS.filter((name) => !BROKER_CONFIG_DEFINITIONS.has(name))).toEqual([]);
  });

  it.each(Object.entries(TABLES))('have defaults that pass their own checks: %s', (_table, definitions) => {
    const faults = [...definitions.values()].map(
      (one) => one.defaultValue !== null && configFault(one, one.defaultValue),
    );
    expect(faults.filter((fault) => typeof fault === 'string')).toEqual([]);
  });

  it.each(Object.entries(TABLES))(
    'name broker configs that there are, with the same default: %s',
    (_table, definitions) => {
      for (const { name, synonyms, defaultValue } of definitions.values()) {
        const defaults = synonyms.map((synonym) => {
          const definition = BROKER_CONFIG_DEFINITIONS.get(synonym.name);
          expect([name, synonym.name, definition !== undefined]).toEqual([name, synonym.name, true]);
          const text = definition?.defaultValue ?? null;
          return text === null || synonym.factor === 1 ? text : String(BigInt(text) * BigInt(synonym.factor));
        });
        const inherited = defaults.find((text) => text !== null);
        if (inherited !== undefined) expect([name, inherited]).toEqual([name, defaultValue]);
      }
    },
  );

  it.each(Object.entries(TABLES))('say in words of their own what each config does: %s', (_table, definitions) => {
    for (const { name, documentation } of definitions.values()) {
      expect([name, documentation.length > 8, documentation.endsWith('.')]).toEqual([name, true, true]);
    }
  });
});

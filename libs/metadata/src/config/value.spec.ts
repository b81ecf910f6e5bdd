import { describe, expect, it } from '@jest/globals';
import { TOPIC_CONFIG_DEFINITIONS } from './topic-configs.js';
import { configFault, listOf } from './value.js';

function fault(name: string, text: string): string | undefined {
  const definition = TOPIC_CONFIG_DEFINITIONS.get(name);
  if (definition === undefined) throw new Error(`no config ${name}`);
  return configFault(definition, text);
}

describe('a config value', () => {
  it.each([
    ['retention.ms', '-1'],
    ['retention.ms', ' 5 '],
    ['retention.ms', '+5'],
    ['retention.ms', '9223372036854775807'],
    ['preallocate', 'TRUE'],
    ['cleanup.policy', ''],
    ['cleanup.policy', 'compact, delete'],
    ['cleanup.policy', 'compact,compact'],
    ['min.cleanable.dirty.ratio', '1'],
    ['compression.gzip.level', '-1'],
    ['compression.gzip.level', '9'],
    ['leader.replication.throttled.replicas', '*'],
    ['leader.replication.throttled.replicas', '0:1,1:2'],
  ])('is taken: %s=%j', (name, text) => {
    expect(fault(name, text)).toBeUndefined();
  });

  it.each([
    ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: must be at least -1'],
    ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: must be a whole number of type LONG'],
    ['retention.ms', '', 'Invalid value  for configuration retention.ms: must be a whole number of type LONG'],
    ['segment.bytes', '1048575', 'Invalid value 1048575 for configuration segment.bytes: must be at least 1048576'],
    ['segment.bytes', '2147483648', 'must be between -2147483648 and 2147483647'],
    ['segment.bytes', '1e7', 'must be a whole number of type INT'],
    ['segment.bytes', '0x100000', 'must be a whole number of type INT'],
    ['retention.ms', '9223372036854775808', 'must be between -9223372036854775808 and 9223372036854775807'],
    ['retention.ms', '9'.repeat(1000), 'must be a whole number of type LONG'],
    ['preallocate', 'yes', 'must be true or false'],
    ['cleanup.policy', 'foo', 'may hold only compact, delete'],
    ['message.timestamp.type', 'createtime', 'must be one of CreateTime, LogAppendTime'],
    ['min.cleanable.dirty.ratio', '1.1', 'must be between 0 and 1'],
    ['min.cleanable.dirty.ratio', 'NaN', 'must be a number'],
    ['compression.gzip.level', '0', 'must be between 1 and 9'],
    ['remote.storage.enable', 'true', 'this broker has no other tier'],
    ['leader.replication.throttled.replicas', 'none', 'must be * or pairs like 0:1,1:2 (partition:broker)'],
    ['trunkline.flush', 'never', 'must be one of group-commit, interval, os'],
  ])('is refused in a sentence: %s=%j', (name, text, why) => {
    expect(fault(name, text)).toContain(why);
  });

  it('is never shown when it is a secret', () => {
    const definition = TOPIC_CONFIG_DEFINITIONS.get('retention.ms')!;
    expect(configFault({ ...definition, sensitive: true }, 'hunter2')).not.toContain('hunter2');
  });

  it('shows no more than a line of what was sent', () => {
    expect(fault('retention.ms', 'x'.repeat(30_000))?.length).toBeLessThan(300);
  });

  it('is a list of what stands between commas', () => {
    expect([listOf(''), listOf(' '), listOf('a'), listOf(' a , b,c ')]).toEqual([[], [], ['a'], ['a', 'b', 'c']]);
  });
});

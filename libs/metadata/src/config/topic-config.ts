import { invariant } from '@trunkline/kernel';
import type { FlushMode, LogConfig } from '@trunkline/log';
import type { ConfigsImage } from '../image.js';
import type { ConfigValue } from './definition.js';
import { brokerConfigText, topicConfigText, type StaticBrokerConfig } from './effective.js';
import { BROKER_CONFIG_DEFINITIONS } from './broker-configs.js';
import { TOPIC_CONFIG_DEFINITIONS } from './topic-configs.js';
import { parseConfig } from './value.js';

/** A topic's settings, parsed: those its logs care for, and those its leader checks. */
export interface TopicConfig extends LogConfig {
  /** message.timestamp.before.max.ms */
  readonly timestampBeforeMaxMs: number;
  /** message.timestamp.after.max.ms */
  readonly timestampAfterMaxMs: number;
  /** compression.type */
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** min.insync.replicas; at most as many as there are replicas count */
  readonly minInSyncReplicas: number;
}

/**
 * What is in force for a topic: its own configs over the broker's over the defaults.
 *
 * Values beyond 2^53 - 1 (Kafka's "never": 2^63 - 1) come as that number. Costs a parse of every config: call it when
 * configs changed, not for a request.
 */
export function topicConfigOf(
  { configs }: { readonly configs: ConfigsImage },
  statics: StaticBrokerConfig,
  topic: string,
): TopicConfig {
  const value = (name: string): ConfigValue => parsedTopicConfig(configs, statics, topic, name);
  const whole = (name: string): number => numberOf(value(name));
  const policy = value('cleanup.policy');
  const flushMs = whole('flush.ms');
  return {
    segmentBytesMax: whole('segment.bytes'),
    segmentMs: whole('segment.ms'),
    indexBytesMax: whole('segment.index.bytes'),
    indexIntervalBytes: whole('index.interval.bytes'),
    retentionMs: whole('retention.ms'),
    retentionBytes: whole('retention.bytes'),
    deletes: Array.isArray(policy) && policy.includes('delete'),
    compacts: Array.isArray(policy) && policy.includes('compact'),
    timestampType: value('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    messageBytesMax: whole('max.message.bytes'),
    flush: flushModeOf(value('trunkline.flush')),
    flushIntervalMs: flushMs < Number.MAX_SAFE_INTEGER ? flushMs : brokerNumber(configs, statics, 'flush.interval.ms'),
    producerIdExpirationMs: brokerNumber(configs, statics, 'producer.id.expiration.ms'),
    timestampBeforeMaxMs: whole('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: whole('message.timestamp.after.max.ms'),
    compressionType: compressionTypeOf(value('compression.type')),
    minInSyncReplicas: whole('min.insync.replicas'),
  };
}

/** The part of {@link topicConfigOf} that a log is given. */
export function logConfigOf(
  image: { readonly configs: ConfigsImage },
  statics: StaticBrokerConfig,
  topic: string,
): LogConfig {
  return topicConfigOf(image, statics, topic);
}

/** A broker config that holds a number, as it is in force now. */
export function brokerNumber(configs: ConfigsImage, statics: StaticBrokerConfig, name: string): number {
  const definition = BROKER_CONFIG_DEFINITIONS.get(name);
  const text = brokerConfigText(configs, statics, name);
  invariant(definition !== undefined && text !== null, `${name} has a value`);
  const parsed = parseConfig(definition, text);
  invariant('value' in parsed, `${name} was checked before it was kept`);
  return numberOf(parsed.value);
}

function parsedTopicConfig(
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
  topic: string,
  name: string,
): ConfigValue {
  const definition = TOPIC_CONFIG_DEFINITIONS.get(name);
  const text = topicConfigText(configs, statics, topic, name);
  invariant(definition !== undefined && text !== null, `${name} has a value`);
  const parsed = parseConfig({ ...definition, check: undefined }, text);
  invariant('value' in parsed, `${name} was checked before it was kept`);
  return parsed.value;
}

function numberOf(value: ConfigValue): number {
  const number = Number(value);
  return Math.min(Math.max(number, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function flushModeOf(value: ConfigValue): FlushMode {
  return value === 'interval' || value === 'os' ? value : 'group-commit';
}

function compressionTypeOf(value: ConfigValue): TopicConfig['compressionType'] {
  switch (value) {
    case 'uncompressed':
    case 'gzip':
    case 'snappy':
    case 'lz4':
    case 'zstd':
      return value;
    default:
      return 'producer';
  }
}

import {
  DEFAULT_GROUP_CONFIG,
  DEFAULT_SHARD_RUNTIME_CONFIG,
  type GroupConfig,
  type ShardRuntimeConfig,
} from '@trunkline/coordinator';
import type { BrokerConfig } from '../config.js';

const MINUTE_MS = 60_000;

/** Limits and times of groups, from Kafka's names. */
export function groupConfigOf(config: BrokerConfig): GroupConfig {
  const integer = (name: string): number => config.integer(name);
  return {
    ...DEFAULT_GROUP_CONFIG,
    sessionTimeoutMsMin: integer('group.min.session.timeout.ms'),
    sessionTimeoutMsMax: integer('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: integer('group.initial.rebalance.delay.ms'),
    groupSizeMax: integer('group.max.size'),
    offsetMetadataLengthMax: integer('offset.metadata.max.bytes'),
    offsetsRetentionMs: integer('offsets.retention.minutes') * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: integer('offsets.retention.check.interval.ms'),
  };
}

export function shardRuntimeConfigOf(config: BrokerConfig): ShardRuntimeConfig {
  return { ...DEFAULT_SHARD_RUNTIME_CONFIG, commitTimeoutMs: config.integer('offsets.commit.timeout.ms') };
}

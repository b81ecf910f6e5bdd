import { atLeast, between, either, exactly, filledList, listFrom, oneOf } from './checks.js';
import { define, type ConfigDefinition } from './definition.js';

const LONG_MAX = '9223372036854775807';
const CLUSTER = 'cluster-wide';

/** Defaults of topics: each may change at run time, and holds for topics that do not say otherwise. */
const TOPIC_DEFAULTS: readonly ConfigDefinition[] = [
  define('log.cleanup.policy', 'LIST', 'delete', 'Default of cleanup.policy.', {
    check: listFrom(['compact', 'delete'], 'may be empty'),
    update: CLUSTER,
  }),
  define('log.retention.ms', 'LONG', null, 'Default of retention.ms; unset: log.retention.minutes, then hours.', {
    update: CLUSTER,
  }),
  define('log.retention.minutes', 'INT', null, 'Minutes, where log.retention.ms is unset.'),
  define('log.retention.hours', 'INT', '168', 'Hours, where log.retention.ms and log.retention.minutes are unset.'),
  define('log.retention.bytes', 'LONG', '-1', 'Default of retention.bytes.', { update: CLUSTER }),
  define('log.segment.bytes', 'INT', '1073741824', 'Default of segment.bytes.', {
    check: atLeast(1024 * 1024),
    update: CLUSTER,
  }),
  define('log.roll.ms', 'LONG', null, 'Default of segment.ms; unset: log.roll.hours.', { update: CLUSTER }),
  define('log.roll.hours', 'INT', '168', 'Hours, where log.roll.ms is unset.', { check: atLeast(1) }),
  define('log.roll.jitter.ms', 'LONG', null, 'Default of segment.jitter.ms; unset: log.roll.jitter.hours.', {
    update: CLUSTER,
  }),
  define('log.roll.jitter.hours', 'INT', '0', 'Hours, where log.roll.jitter.ms is unset.', { check: atLeast(0) }),
  define('log.index.size.max.bytes', 'INT', '10485760', 'Default of segment.index.bytes.', {
    check: atLeast(4),
    update: CLUSTER,
  }),
  define('log.index.interval.bytes', 'INT', '4096', 'Default of index.interval.bytes.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('message.max.bytes', 'INT', '1048588', 'Default of max.message.bytes.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.message.timestamp.type', 'STRING', 'CreateTime', 'Default of message.timestamp.type.', {
    check: oneOf('CreateTime', 'LogAppendTime'),
    update: CLUSTER,
  }),
  define('log.message.timestamp.before.max.ms', 'LONG', LONG_MAX, 'Default of message.timestamp.before.max.ms.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.message.timestamp.after.max.ms', 'LONG', '3600000', 'Default of message.timestamp.after.max.ms.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('compression.type', 'STRING', 'producer', 'Default of the topics’ compression.type.', {
    check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    update: CLUSTER,
  }),
  define('compression.gzip.level', 'INT', '-1', 'Default of the topics’ compression.gzip.level.', {
    check: either(between(1, 9), exactly(-1)),
    update: CLUSTER,
  }),
  define('compression.lz4.level', 'INT', '9', 'Default of the topics’ compression.lz4.level.', {
    check: between(1, 17),
    update: CLUSTER,
  }),
  define('compression.zstd.level', 'INT', '3', 'Default of the topics’ compression.zstd.level.', {
    check: between(-131072, 22),
    update: CLUSTER,
  }),
  define('min.insync.replicas', 'INT', '1', 'Default of the topics’ min.insync.replicas.', {
    check: atLeast(1),
    update: CLUSTER,
  }),
  define(
    'unclean.leader.election.enable',
    'BOOLEAN',
    'false',
    'Default of the topics’ unclean.leader.election.enable.',
    {
      update: CLUSTER,
    },
  ),
  define('log.segment.delete.delay.ms', 'LONG', '60000', 'Default of file.delete.delay.ms.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.preallocate', 'BOOLEAN', 'false', 'Default of preallocate.', { update: CLUSTER }),
  define('log.flush.interval.messages', 'LONG', LONG_MAX, 'Default of flush.messages.', {
    check: atLeast(1),
    update: CLUSTER,
  }),
  define('log.flush.interval.ms', 'LONG', null, 'Default of flush.ms.', { update: CLUSTER }),
  define('log.local.retention.ms', 'LONG', '-2', 'Default of local.retention.ms.', {
    check: atLeast(-2),
    update: CLUSTER,
  }),
  define('log.local.retention.bytes', 'LONG', '-2', 'Default of local.retention.bytes.', {
    check: atLeast(-2),
    update: CLUSTER,
  }),
];

/** When an append counts as done: ours. */
const FLUSH: readonly ConfigDefinition[] = [
  define(
    'flush',
    'STRING',
    'group-commit',
    'Default of the topics’ trunkline.flush. group-commit loses nothing that was acknowledged; interval may lose up to ' +
      'flush.interval.ms, os may lose seconds, when the power fails.',
    { check: oneOf('group-commit', 'interval', 'os'), update: CLUSTER },
  ),
  define('flush.interval.ms', 'LONG', '1000', 'Milliseconds between two syncs of a log in flush mode interval.', {
    check: between(1, 3_600_000),
    update: CLUSTER,
  }),
];

/** The cleaner, which is still to come: kept, and shown to tools that look for compaction. */
const CLEANER: readonly ConfigDefinition[] = [
  define('log.cleaner.enable', 'BOOLEAN', 'true', 'Whether compacted topics are compacted, once the cleaner is there.'),
  define('log.cleaner.threads', 'INT', '1', 'Compactions that may run side by side.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.cleaner.backoff.ms', 'LONG', '15000', 'Milliseconds the cleaner rests when there is nothing to do.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.cleaner.dedupe.buffer.size', 'LONG', '134217728', 'Bytes of the cleaner’s table of keys.', {
    update: CLUSTER,
  }),
  define('log.cleaner.io.buffer.size', 'INT', '524288', 'Bytes of the cleaner’s buffers.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define(
    'log.cleaner.io.max.bytes.per.second',
    'DOUBLE',
    '1.7976931348623157E308',
    'Bytes a second the cleaner may move.',
    {
      update: CLUSTER,
    },
  ),
  define('log.cleaner.min.cleanable.ratio', 'DOUBLE', '0.5', 'Default of min.cleanable.dirty.ratio.', {
    check: between(0, 1),
    update: CLUSTER,
  }),
  define('log.cleaner.delete.retention.ms', 'LONG', '86400000', 'Default of delete.retention.ms.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.cleaner.min.compaction.lag.ms', 'LONG', '0', 'Default of min.compaction.lag.ms.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('log.cleaner.max.compaction.lag.ms', 'LONG', LONG_MAX, 'Default of max.compaction.lag.ms.', {
    check: atLeast(1),
    update: CLUSTER,
  }),
];

/** Files, checkpoints, rounds. */
const FILES: readonly ConfigDefinition[] = [
  define('log.dirs', 'LIST', './.trunkline', 'The directory that holds everything this broker keeps.', {
    check: filledList,
  }),
  define('log.retention.check.interval.ms', 'LONG', '300000', 'Milliseconds between two rounds of retention.', {
    check: atLeast(1),
  }),
  define('log.flush.scheduler.interval.ms', 'LONG', LONG_MAX, 'Where log.flush.interval.ms is unset.'),
  define('log.flush.offset.checkpoint.interval.ms', 'INT', '60000', 'Milliseconds between two recovery checkpoints.', {
    check: atLeast(0),
  }),
  define('log.flush.start.offset.checkpoint.interval.ms', 'INT', '60000', 'The same for the log start offsets.', {
    check: atLeast(0),
  }),
  define(
    'metadata.log.max.record.bytes.between.snapshots',
    'LONG',
    '20971520',
    'Bytes of metadata records after which a snapshot is written.',
    {
      check: atLeast(1),
    },
  ),
  define('num.recovery.threads.per.data.dir', 'INT', '2', 'Logs that are recovered side by side at start-up.', {
    check: atLeast(1),
    update: CLUSTER,
  }),
  define(
    'producer.id.expiration.ms',
    'INT',
    '86400000',
    'Milliseconds after which a silent producer’s state is forgotten.',
    {
      check: atLeast(1),
      update: CLUSTER,
    },
  ),
];

export const BROKER_LOG_CONFIGS: readonly ConfigDefinition[] = [...TOPIC_DEFAULTS, ...FLUSH, ...CLEANER, ...FILES];

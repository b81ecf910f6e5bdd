import { atLeast, between, either, exactly, listFrom, notYet, oneOf, throttledReplicas } from './checks.js';
import { define, definitions, type ConfigDefinition } from './definition.js';

const LONG_MAX = '9223372036854775807';
const COMPRESSION = oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer');

/** How records are kept: the rows that this broker acts upon. */
const LOG: readonly ConfigDefinition[] = [
  define('cleanup.policy', 'LIST', 'delete', 'What becomes of old segments: delete, compact, both, or nothing.', {
    check: listFrom(['compact', 'delete'], 'may be empty'),
    synonyms: ['log.cleanup.policy'],
  }),
  define('retention.ms', 'LONG', '604800000', 'Age in milliseconds after which a segment may go; -1 keeps it.', {
    check: atLeast(-1),
    synonyms: ['log.retention.ms', 'log.retention.minutes*60000', 'log.retention.hours*3600000'],
  }),
  define('retention.bytes', 'LONG', '-1', 'Bytes a partition may hold before its oldest segments go; -1: no limit.', {
    synonyms: ['log.retention.bytes'],
  }),
  define('segment.bytes', 'INT', '1073741824', 'Bytes after which a new segment is begun.', {
    check: atLeast(1024 * 1024),
    synonyms: ['log.segment.bytes'],
  }),
  define(
    'segment.ms',
    'LONG',
    '604800000',
    'Milliseconds after which a new segment is begun although it is not full.',
    {
      check: atLeast(1),
      synonyms: ['log.roll.ms', 'log.roll.hours*3600000'],
    },
  ),
  define('segment.jitter.ms', 'LONG', '0', 'Milliseconds by which the roll of segments is spread at most.', {
    check: atLeast(0),
    synonyms: ['log.roll.jitter.ms', 'log.roll.jitter.hours*3600000'],
  }),
  define('segment.index.bytes', 'INT', '10485760', 'Bytes that the index of a segment may take.', {
    check: atLeast(4),
    synonyms: ['log.index.size.max.bytes'],
  }),
  define('index.interval.bytes', 'INT', '4096', 'Bytes of records between two entries of the offset index.', {
    check: atLeast(0),
    synonyms: ['log.index.interval.bytes'],
  }),
  define('max.message.bytes', 'INT', '1048588', 'Bytes of the largest record batch, compressed, that is accepted.', {
    check: atLeast(0),
    synonyms: ['message.max.bytes'],
  }),
  define(
    'message.timestamp.type',
    'STRING',
    'CreateTime',
    'Whose time a record carries: its producer’s or the log’s.',
    {
      check: oneOf('CreateTime', 'LogAppendTime'),
      synonyms: ['log.message.timestamp.type'],
    },
  ),
  define(
    'message.timestamp.before.max.ms',
    'LONG',
    LONG_MAX,
    'Milliseconds a record may be older than the clock here.',
    {
      check: atLeast(0),
      synonyms: ['log.message.timestamp.before.max.ms'],
    },
  ),
  define('message.timestamp.after.max.ms', 'LONG', '3600000', 'Milliseconds a record may be ahead of the clock here.', {
    check: atLeast(0),
    synonyms: ['log.message.timestamp.after.max.ms'],
  }),
  define('compression.type', 'STRING', 'producer', 'The codec batches are kept in; producer keeps them as they came.', {
    check: COMPRESSION,
    synonyms: ['compression.type'],
  }),
  define('compression.gzip.level', 'INT', '-1', 'The level for gzip when the broker compresses.', {
    check: either(between(1, 9), exactly(-1)),
    synonyms: ['compression.gzip.level'],
  }),
  define('compression.lz4.level', 'INT', '9', 'The level for lz4 when the broker compresses.', {
    check: between(1, 17),
    synonyms: ['compression.lz4.level'],
  }),
  define('compression.zstd.level', 'INT', '3', 'The level for zstd when the broker compresses.', {
    check: between(-131072, 22),
    synonyms: ['compression.zstd.level'],
  }),
  define('min.insync.replicas', 'INT', '1', 'Replicas that must have a record before acks=all is answered.', {
    check: atLeast(1),
    synonyms: ['min.insync.replicas'],
  }),
  define('file.delete.delay.ms', 'LONG', '60000', 'Milliseconds between a segment’s end and its file’s removal.', {
    check: atLeast(0),
    synonyms: ['log.segment.delete.delay.ms'],
  }),
  define('preallocate', 'BOOLEAN', 'false', 'Whether a segment’s file gets its full size when it is made.', {
    synonyms: ['log.preallocate'],
  }),
];

/** When an append is done. `trunkline.flush` is ours; the others are Kafka's and bound what may be lost. */
const FLUSH: readonly ConfigDefinition[] = [
  define(
    'trunkline.flush',
    'STRING',
    'group-commit',
    'When an append is acknowledged: after the fdatasync that covers it (group-commit), or from the page cache, which ' +
      'may lose up to flush.interval.ms of records (interval) or what the system held back (os) when the power fails.',
    { check: oneOf('group-commit', 'interval', 'os'), synonyms: ['flush'] },
  ),
  define('flush.messages', 'LONG', LONG_MAX, 'Records after which a log is synced, whatever the flush mode.', {
    check: atLeast(1),
    synonyms: ['log.flush.interval.messages'],
  }),
  define('flush.ms', 'LONG', LONG_MAX, 'Milliseconds after which a log is synced, for the flush mode interval.', {
    check: atLeast(0),
    synonyms: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  }),
];

/** Compaction: kept, and shown to tools that check for it. */
const COMPACTION: readonly ConfigDefinition[] = [
  define('delete.retention.ms', 'LONG', '86400000', 'Milliseconds a tombstone is kept in a compacted log.', {
    check: atLeast(0),
    synonyms: ['log.cleaner.delete.retention.ms'],
  }),
  define('min.compaction.lag.ms', 'LONG', '0', 'Milliseconds a record stays untouched by compaction.', {
    check: atLeast(0),
    synonyms: ['log.cleaner.min.compaction.lag.ms'],
  }),
  define('max.compaction.lag.ms', 'LONG', LONG_MAX, 'Milliseconds after which a record must have been compacted.', {
    check: atLeast(1),
    synonyms: ['log.cleaner.max.compaction.lag.ms'],
  }),
  define('min.cleanable.dirty.ratio', 'DOUBLE', '0.5', 'Share of uncompacted bytes from which a log is compacted.', {
    check: between(0, 1),
    synonyms: ['log.cleaner.min.cleanable.ratio'],
  }),
];

/** Replication and tiers. */
const REPLICATION: readonly ConfigDefinition[] = [
  define('unclean.leader.election.enable', 'BOOLEAN', 'false', 'Whether a replica that lacks records may lead.', {
    synonyms: ['unclean.leader.election.enable'],
  }),
  define('leader.replication.throttled.replicas', 'LIST', '', 'Replicas whose sending to followers is throttled.', {
    check: throttledReplicas,
  }),
  define('follower.replication.throttled.replicas', 'LIST', '', 'Replicas whose fetching from leaders is throttled.', {
    check: throttledReplicas,
  }),
  define('remote.storage.enable', 'BOOLEAN', 'false', 'Whether old segments move to another tier.', {
    check: notYet('this broker has no other tier'),
  }),
  define('remote.log.copy.disable', 'BOOLEAN', 'false', 'Whether copying to another tier is paused.'),
  define('remote.log.delete.on.disable', 'BOOLEAN', 'false', 'Whether switching the other tier off empties it.'),
  define('local.retention.ms', 'LONG', '-2', 'Age in milliseconds at which segments leave the local tier.', {
    check: atLeast(-2),
    synonyms: ['log.local.retention.ms'],
  }),
  define('local.retention.bytes', 'LONG', '-2', 'Bytes at which segments leave the local tier.', {
    check: atLeast(-2),
    synonyms: ['log.local.retention.bytes'],
  }),
];

/** Every config a topic may carry: the 33 of Kafka 4.3, and `trunkline.flush`. */
export const TOPIC_CONFIG_DEFINITIONS = definitions(LOG, FLUSH, COMPACTION, REPLICATION);

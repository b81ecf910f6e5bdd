import { atLeast, between, listFrom, oneOfAnyCase, plainList } from './checks.js';
import { define, type ConfigDefinition } from './definition.js';

const INT_MAX = '2147483647';

/** Classic groups and their offsets. */
const GROUPS: readonly ConfigDefinition[] = [
  define('group.min.session.timeout.ms', 'INT', '6000', 'Milliseconds of the shortest session timeout of a member.'),
  define('group.max.session.timeout.ms', 'INT', '1800000', 'Milliseconds of the longest session timeout of a member.'),
  define('group.initial.rebalance.delay.ms', 'INT', '0', 'Milliseconds an empty group waits for more members.', {
    check: atLeast(0),
  }),
  // Kafka's own is no limit; 200 is what it gives share groups. Whoever may join could fill the memory else.
  define('group.max.size', 'INT', '200', 'Members of one group.', { check: atLeast(1) }),
  define('group.coordinator.rebalance.protocols', 'LIST', 'classic', 'The group protocols this broker speaks.', {
    check: listFrom(['classic', 'consumer', 'streams', 'share'], 'not empty'),
  }),
  define('offset.metadata.max.bytes', 'INT', '4096', 'Bytes of the text beside a committed offset.', {
    check: atLeast(0),
  }),
  define('offsets.commit.timeout.ms', 'INT', '5000', 'Milliseconds a commit may wait for its replicas.', {
    check: atLeast(1),
  }),
  define('offsets.retention.minutes', 'INT', '10080', 'Minutes an empty group’s offsets are kept.', {
    check: atLeast(1),
  }),
  define(
    'offsets.retention.check.interval.ms',
    'LONG',
    '600000',
    'Milliseconds between two searches for old offsets.',
    {
      check: atLeast(1),
    },
  ),
  define('offsets.topic.num.partitions', 'INT', '50', 'Partitions of __consumer_offsets; fixed when it is made.', {
    check: between(1, 10_000),
  }),
  define('offsets.topic.replication.factor', 'SHORT', '1', 'Replicas of __consumer_offsets.', { check: atLeast(1) }),
  define('offsets.topic.segment.bytes', 'INT', '104857600', 'Bytes of a segment of __consumer_offsets.', {
    check: atLeast(1),
  }),
  define('offsets.topic.compression.codec', 'INT', '0', 'The codec of __consumer_offsets: 0, none.'),
];

/** Transactions: read by the parts that come with them. */
const TRANSACTIONS: readonly ConfigDefinition[] = [
  define('transaction.max.timeout.ms', 'INT', '900000', 'Milliseconds of the longest transaction.', {
    check: atLeast(1),
  }),
  define('transactional.id.expiration.ms', 'INT', '604800000', 'Milliseconds an unused transactional id is kept.', {
    check: atLeast(1),
  }),
  define('transaction.state.log.num.partitions', 'INT', '50', 'Partitions of __transaction_state.', {
    check: between(1, 10_000),
  }),
  define('transaction.state.log.replication.factor', 'SHORT', '1', 'Replicas of __transaction_state.', {
    check: atLeast(1),
  }),
  define('transaction.state.log.min.isr', 'INT', '1', 'min.insync.replicas of __transaction_state.', {
    check: atLeast(1),
  }),
  define('transaction.state.log.segment.bytes', 'INT', '104857600', 'Bytes of a segment of __transaction_state.', {
    check: atLeast(1),
  }),
  define(
    'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    'INT',
    '10000',
    'Milliseconds between two searches for transactions that ran out of time.',
    {
      check: atLeast(1),
    },
  ),
  define(
    'transaction.partition.verification.enable',
    'BOOLEAN',
    'true',
    'Whether a write is checked against its transaction.',
    {
      update: 'cluster-wide',
    },
  ),
];

/** The other kinds of groups: defaults of what the resource GROUP may set. */
const NEW_GROUPS: readonly ConfigDefinition[] = [
  ...timeouts('consumer'),
  define('group.consumer.max.size', 'INT', INT_MAX, 'Members of one consumer group.', { check: atLeast(1) }),
  define('group.consumer.assignors', 'LIST', 'uniform,range', 'The assignors of consumer groups.', {
    check: plainList,
  }),
  define('group.consumer.migration.policy', 'STRING', 'bidirectional', 'Which kind of group may become the other.', {
    check: oneOfAnyCase('disabled', 'downgrade', 'upgrade', 'bidirectional'),
  }),
  ...timeouts('share'),
  define('group.share.max.size', 'INT', '200', 'Members of one share group.', { check: between(1, 1000) }),
  define('group.share.delivery.count.limit', 'INT', '5', 'Deliveries of a record to a share group.', {
    check: between(2, 10),
  }),
  define('group.share.record.lock.duration.ms', 'INT', '30000', 'Milliseconds a share group’s member holds a record.', {
    check: between(1000, 3_600_000),
  }),
  define(
    'group.share.partition.max.record.locks',
    'INT',
    '2000',
    'Records of a partition that a share group may hold.',
    {
      check: between(100, 10_000),
    },
  ),
  ...timeouts('streams'),
  define('group.streams.max.size', 'INT', INT_MAX, 'Members of one streams group.', { check: atLeast(1) }),
  define('group.streams.num.standby.replicas', 'INT', '0', 'Standby tasks of a streams group.', { check: atLeast(0) }),
  define('group.streams.initial.rebalance.delay.ms', 'INT', '3000', 'Milliseconds an empty streams group waits.', {
    check: atLeast(0),
  }),
];

/** Work that other brokers give to threads. Told to tools that read them; here nothing depends on them. */
const THREADS: readonly ConfigDefinition[] = [
  define('num.io.threads', 'INT', '8', 'No effect: requests share one event loop.', {
    check: atLeast(1),
    update: 'cluster-wide',
  }),
  define('num.network.threads', 'INT', '3', 'No effect: connections share one event loop.', {
    check: atLeast(1),
    update: 'cluster-wide',
  }),
  define('num.replica.fetchers', 'INT', '1', 'Fetches a follower keeps open to each leader.', {
    check: atLeast(1),
    update: 'cluster-wide',
  }),
  define('background.threads', 'INT', '10', 'No effect: background work shares one event loop.', {
    check: atLeast(1),
    update: 'cluster-wide',
  }),
];

export const BROKER_GROUP_CONFIGS: readonly ConfigDefinition[] = [
  ...GROUPS,
  ...TRANSACTIONS,
  ...NEW_GROUPS,
  ...THREADS,
];

function timeouts(kind: 'consumer' | 'share' | 'streams'): readonly ConfigDefinition[] {
  const about = `of ${kind} groups`;
  const check = atLeast(1);
  return [
    define(`group.${kind}.session.timeout.ms`, 'INT', '45000', `Milliseconds of the session timeout ${about}.`, {
      check,
    }),
    define(`group.${kind}.min.session.timeout.ms`, 'INT', '45000', `Shortest session timeout ${about}.`, { check }),
    define(`group.${kind}.max.session.timeout.ms`, 'INT', '60000', `Longest session timeout ${about}.`, { check }),
    define(`group.${kind}.heartbeat.interval.ms`, 'INT', '5000', `Milliseconds between heartbeats ${about}.`, {
      check,
    }),
    define(`group.${kind}.min.heartbeat.interval.ms`, 'INT', '5000', `Shortest heartbeat interval ${about}.`, {
      check,
    }),
    define(`group.${kind}.max.heartbeat.interval.ms`, 'INT', '15000', `Longest heartbeat interval ${about}.`, {
      check,
    }),
    define(`group.${kind}.assignment.interval.ms`, 'INT', '1000', `Least time between two assignments ${about}.`, {
      check: atLeast(0),
      update: 'cluster-wide',
    }),
  ];
}

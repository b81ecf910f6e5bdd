import { atLeast, between, filledList, listFrom, oneOf } from './checks.js';
import { define, type ConfigDefinition } from './definition.js';

const INT_MAX = '2147483647';

/** Who this broker is. */
const IDENTITY: readonly ConfigDefinition[] = [
  define('node.id', 'INT', '1', 'The id of this node; it stays the same for the life of its data.', {
    check: atLeast(0),
  }),
  define('broker.id', 'INT', '-1', 'The id of this broker: the same as node.id.'),
  define('broker.rack', 'STRING', null, 'The rack or zone this broker stands in; told in Metadata.'),
  define('process.roles', 'LIST', 'broker,controller', 'The roles of this node.', {
    check: listFrom(['broker', 'controller'], 'not empty'),
  }),
];

/** Where and how it listens. */
const LISTENERS: readonly ConfigDefinition[] = [
  define('listeners', 'LIST', 'PLAINTEXT://127.0.0.1:9092', 'The addresses this broker listens on, NAME://host:port.', {
    check: filledList,
  }),
  define('advertised.listeners', 'LIST', null, 'The addresses clients are told, one a listener; unset: listeners.', {
    check: filledList,
  }),
  define(
    'listener.security.protocol.map',
    'STRING',
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'The security protocol of each listener name.',
  ),
  define('inter.broker.listener.name', 'STRING', null, 'The listener brokers use between each other.'),
  define('security.inter.broker.protocol', 'STRING', 'PLAINTEXT', 'The protocol brokers use between each other.', {
    check: oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  }),
  define('socket.listen.backlog.size', 'INT', '50', 'Connections that may wait to be accepted.', { check: atLeast(1) }),
];

/** What strangers may take. */
const LIMITS: readonly ConfigDefinition[] = [
  define(
    'socket.request.max.bytes',
    'INT',
    '104857600',
    'Bytes of the largest request; a larger one closes the connection.',
    {
      check: atLeast(1),
    },
  ),
  define(
    'queued.max.request.bytes',
    'LONG',
    '268435456',
    'Bytes of requests in memory before reading pauses; -1: no limit.',
    {
      check: atLeast(-1),
    },
  ),
  define(
    'trunkline.queued.max.response.bytes',
    'LONG',
    '268435456',
    'Bytes of answers that clients have not taken before fetches are cut short; -1: no limit.',
    {
      check: atLeast(-1),
    },
  ),
  define('queued.max.requests', 'INT', '500', 'Requests in work before reading pauses.', { check: atLeast(1) }),
  define('max.connections', 'INT', '10000', 'Open connections; one more is closed at once.', {
    check: atLeast(0),
  }),
  define('max.connections.per.ip', 'INT', INT_MAX, 'Open connections from one address.', {
    check: atLeast(0),
  }),
  define('max.connections.per.ip.overrides', 'STRING', '', 'Other limits for single addresses: host:limit,host:limit.'),
  define('max.connection.creation.rate', 'INT', INT_MAX, 'Connections accepted a second.', {
    check: atLeast(0),
  }),
  define('connections.max.idle.ms', 'LONG', '600000', 'Milliseconds after which a silent connection is closed.'),
  define(
    'connection.failed.authentication.delay.ms',
    'INT',
    '100',
    'Milliseconds a failed login waits for its answer.',
    {
      check: atLeast(0),
    },
  ),
  define('request.timeout.ms', 'INT', '30000', 'Milliseconds an inner request may take.', { check: atLeast(1) }),
  define('fetch.max.bytes', 'INT', '57671680', 'Bytes of the largest fetch answer.', { check: atLeast(1024) }),
  define('max.incremental.fetch.session.cache.slots', 'INT', '1000', 'Fetch sessions that are kept.', {
    check: atLeast(0),
  }),
  define('max.request.partition.size.limit', 'INT', '2000', 'Partitions of one DescribeTopicPartitions answer.', {
    check: atLeast(1),
  }),
];

/** Topics: what is made, and how many. */
const TOPICS: readonly ConfigDefinition[] = [
  define('num.partitions', 'INT', '1', 'Partitions of a topic whose maker says -1, or that is made by itself.', {
    check: atLeast(1),
  }),
  define(
    'default.replication.factor',
    'INT',
    '1',
    'Replicas of a topic whose maker says -1, or that is made by itself.',
    {
      check: atLeast(1),
    },
  ),
  define('auto.create.topics.enable', 'BOOLEAN', 'true', 'Whether asking for a topic that is not there makes it.'),
  define(
    'auto.create.topics.per.second',
    'INT',
    '100',
    'Topics a second that may make themselves; bursts up to eleven times as many. Ours.',
    {
      check: atLeast(1),
    },
  ),
  define('max.partitions', 'INT', '20000', 'Partitions of all topics together; one more is refused. Ours.', {
    check: between(1, 1_000_000),
  }),
  define('delete.topic.enable', 'BOOLEAN', 'true', 'Whether topics may be deleted.'),
  define('auto.leader.rebalance.enable', 'BOOLEAN', 'true', 'Whether leadership returns to the preferred replica.'),
];

export const BROKER_NETWORK_CONFIGS: readonly ConfigDefinition[] = [...IDENTITY, ...LISTENERS, ...LIMITS, ...TOPICS];

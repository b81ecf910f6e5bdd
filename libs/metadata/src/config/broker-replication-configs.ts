import { atLeast } from './checks.js';
import { define, type ConfigDefinition } from './definition.js';

const LONG_MAX = '9223372036854775807';
const CLUSTER = 'cluster-wide';

/** How followers fetch, and when they count as in sync. */
const FOLLOWERS: readonly ConfigDefinition[] = [
  define(
    'replica.lag.time.max.ms',
    'LONG',
    '30000',
    'Milliseconds a follower may be behind its leader’s end before it leaves the ISR.',
    { check: atLeast(1) },
  ),
  define('replica.fetch.max.bytes', 'INT', '1048576', 'Bytes a follower fetches of one partition at a time.', {
    check: atLeast(0),
  }),
  define('replica.fetch.response.max.bytes', 'INT', '10485760', 'Bytes of one answer to a follower.', {
    check: atLeast(0),
  }),
  define('replica.fetch.min.bytes', 'INT', '1', 'Bytes for which a follower’s fetch waits at its leader.', {
    check: atLeast(0),
  }),
  define('replica.fetch.wait.max.ms', 'INT', '500', 'Milliseconds a follower’s fetch waits at its leader.', {
    check: atLeast(0),
  }),
  define('replica.fetch.backoff.ms', 'INT', '1000', 'Milliseconds a follower rests after a fetch that failed.', {
    check: atLeast(0),
  }),
  define('replica.socket.timeout.ms', 'INT', '30000', 'Milliseconds a follower’s request may take.', {
    check: atLeast(1),
  }),
  define('num.replica.fetchers', 'INT', '1', 'Fetches side by side from each leader’s broker.', {
    check: atLeast(1),
    update: CLUSTER,
  }),
  define(
    'replica.high.watermark.checkpoint.interval.ms',
    'LONG',
    '5000',
    'Milliseconds between two writes of the high watermarks.',
    { check: atLeast(1) },
  ),
];

/** What a reassignment may take of the network; which replicas it counts for, their topics say. */
const THROTTLES: readonly ConfigDefinition[] = [
  define('leader.replication.throttled.rate', 'LONG', LONG_MAX, 'Bytes a second sent to throttled replicas.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
  define('follower.replication.throttled.rate', 'LONG', LONG_MAX, 'Bytes a second fetched by throttled replicas.', {
    check: atLeast(0),
    update: CLUSTER,
  }),
];

/** When the controller elects leaders by itself. */
const ELECTIONS: readonly ConfigDefinition[] = [
  define(
    'unclean.leader.election.interval.ms',
    'LONG',
    '300000',
    'Milliseconds between two looks for partitions without leader that may be led by any replica.',
    { check: atLeast(1) },
  ),
];

export const BROKER_REPLICATION_CONFIGS: readonly ConfigDefinition[] = [...FOLLOWERS, ...THROTTLES, ...ELECTIONS];

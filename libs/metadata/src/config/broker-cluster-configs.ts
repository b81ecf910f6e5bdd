import { atLeast, plainList } from './checks.js';
import { define, type ConfigDefinition } from './definition.js';

/** How nodes find each other. */
const QUORUM: readonly ConfigDefinition[] = [
  define(
    'controller.quorum.voters',
    'LIST',
    '',
    'The voters of the metadata, id@host:port each; none: a cluster of one.',
    {
      check: plainList,
    },
  ),
  define('controller.quorum.bootstrap.servers', 'LIST', '', 'Where a node without a vote asks for the quorum.', {
    check: plainList,
  }),
  define('controller.listener.names', 'LIST', null, 'The listeners of controllers; unset: the first listener.'),
  define('controller.quorum.election.timeout.ms', 'INT', '300', 'Milliseconds without a leader before an election.', {
    check: atLeast(1),
  }),
  define('controller.quorum.election.backoff.max.ms', 'INT', '1000', 'Longest milliseconds between two elections.', {
    check: atLeast(1),
  }),
  define('controller.quorum.fetch.timeout.ms', 'INT', '1000', 'Milliseconds of a silent leader before an election.', {
    check: atLeast(2),
  }),
  define('controller.quorum.request.timeout.ms', 'INT', '1000', 'Milliseconds before a voter is asked again.', {
    check: atLeast(2),
  }),
  define(
    'controller.quorum.auto.join.enable',
    'BOOLEAN',
    'true',
    'Whether a voter that comes back with a blank disk takes its place again by itself.',
  ),
  define('controller.quorum.retry.backoff.ms', 'INT', '20', 'Milliseconds before a voter that failed is asked again.', {
    check: atLeast(1),
  }),
];

/** How a broker comes, stays and goes. */
const LIFE: readonly ConfigDefinition[] = [
  define('broker.heartbeat.interval.ms', 'INT', '500', 'Milliseconds between two heartbeats to the controller.', {
    check: atLeast(1),
  }),
  define('broker.session.timeout.ms', 'INT', '3000', 'Milliseconds of silence after which a broker is fenced.', {
    check: atLeast(1),
  }),
  define(
    'initial.broker.registration.timeout.ms',
    'INT',
    '60000',
    'Milliseconds a broker may take from its start until it is let in.',
    { check: atLeast(1) },
  ),
  define('controlled.shutdown.enable', 'BOOLEAN', 'true', 'Whether leaders move away before a broker ends.'),
  define('controlled.shutdown.max.retries', 'INT', '3', 'How often the leaders’ move is waited for.', {
    check: atLeast(1),
  }),
  define('controlled.shutdown.retry.backoff.ms', 'LONG', '5000', 'Milliseconds of each of these waits.', {
    check: atLeast(1),
  }),
  define('leader.imbalance.check.interval.seconds', 'LONG', '300', 'Seconds between two looks for preferred leaders.', {
    check: atLeast(1),
  }),
];

export const BROKER_CLUSTER_CONFIGS: readonly ConfigDefinition[] = [...QUORUM, ...LIFE];

import { atLeast, oneOf, plainList } from './checks.js';
import { define, definitions, type ConfigDefinition } from './definition.js';

/** What the resource GROUP may set (KIP-848, KIP-932, KIP-1071), before the group exists too. */
export const GROUP_CONFIG_DEFINITIONS = definitions([
  ...timeouts('consumer'),
  ...timeouts('share'),
  define('share.auto.offset.reset', 'STRING', 'latest', 'Where a new share group begins.', {
    check: (value) =>
      /^(latest|earliest|by_duration:P(?=.).*)$/.test(String(value))
        ? undefined
        : 'must be latest, earliest or by_duration:PnDTnHnMn.nS',
  }),
  define('share.isolation.level', 'STRING', 'read_uncommitted', 'Whether a share group waits for transactions.', {
    check: oneOf('read_committed', 'read_uncommitted'),
  }),
  define('share.delivery.count.limit', 'INT', '5', 'Deliveries of a record.', {
    check: atLeast(2),
    synonyms: ['group.share.delivery.count.limit'],
  }),
  define('share.record.lock.duration.ms', 'INT', '30000', 'Milliseconds a member holds a record.', {
    check: atLeast(1000),
    synonyms: ['group.share.record.lock.duration.ms'],
  }),
  define('share.partition.max.record.locks', 'INT', '2000', 'Records of a partition held at once.', {
    check: atLeast(100),
    synonyms: ['group.share.partition.max.record.locks'],
  }),
  define('share.renew.acknowledge.enable', 'BOOLEAN', 'true', 'Whether a member may renew its hold on a record.'),
  ...timeouts('streams'),
  define('streams.num.standby.replicas', 'INT', '0', 'Standby tasks.', {
    check: atLeast(0),
    synonyms: ['group.streams.num.standby.replicas'],
  }),
  define('streams.initial.rebalance.delay.ms', 'INT', '3000', 'Milliseconds an empty group waits for members.', {
    check: atLeast(0),
    synonyms: ['group.streams.initial.rebalance.delay.ms'],
  }),
]);

const MATCH = /^client_(instance_id|id|software_name|software_version|source_address|source_port)=.+$/;

/** What the resource CLIENT_METRICS may set (KIP-714). Stored and told; this broker has no receiver of metrics yet. */
export const CLIENT_METRICS_CONFIG_DEFINITIONS = definitions([
  define('interval.ms', 'INT', '300000', 'Milliseconds between two pushes of a client.', {
    check: (value) =>
      Number(value) === 0 || (Number(value) >= 100 && Number(value) <= 3_600_000)
        ? undefined
        : 'must be 0, or between 100 and 3600000',
  }),
  define('match', 'LIST', '', 'Which clients: label=pattern pairs.', {
    check: (value) =>
      Array.isArray(value) && value.every((pair) => MATCH.test(pair))
        ? undefined
        : 'must hold pairs like client_id=a.*',
  }),
  define('metrics', 'LIST', '', 'Prefixes of the metrics that are wanted; * is all.', { check: plainList }),
]);

function timeouts(kind: 'consumer' | 'share' | 'streams'): readonly ConfigDefinition[] {
  const row = (name: string, defaultValue: string, least: number, documentation: string) =>
    define(`${kind}.${name}`, 'INT', defaultValue, documentation, {
      check: atLeast(least),
      synonyms: [`group.${kind}.${name}`],
    });
  return [
    row('session.timeout.ms', '45000', 1, 'Milliseconds of silence after which a member is out.'),
    row('heartbeat.interval.ms', '5000', 1, 'Milliseconds between two heartbeats of a member.'),
    row('assignment.interval.ms', '1000', 0, 'Least time in milliseconds between two assignments.'),
  ];
}

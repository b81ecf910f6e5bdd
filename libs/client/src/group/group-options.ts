import { KafkaError } from '../error.js';
import type { Assignor } from './assignor.js';
import { cooperativeStickyAssignor } from './sticky-assignor.js';

/** How a member of a group behaves. Kafka's names in brackets. */
export interface GroupOptions {
  /** [group.id] The group; 1 to 32,767 bytes of text. */
  readonly groupId: string;
  /** What it reads, by name. Either this or `pattern`. */
  readonly topics?: readonly string[];
  /**
   * What it reads, by regular expression over whole names; internal topics never. With `consumer` the broker matches, and
   * the syntax is RE2's; with `classic` each member matches, and the syntax is JavaScript's.
   */
  readonly pattern?: string | RegExp;
  /** [group.protocol] `classic` (every broker) or `consumer` (KIP-848, Kafka 4.0 and later). Default `classic`. */
  readonly protocol?: 'classic' | 'consumer';
  /** [group.instance.id] Makes it a static member (KIP-345): it may restart within its session and keeps its partitions. Default none. */
  readonly instanceId?: string | undefined;
  /** [client.rack] Default none. */
  readonly rack?: string | undefined;
  /** [session.timeout.ms] Without a word for so long the group goes on without it, and it takes itself for lost. Default 45,000. */
  readonly sessionTimeoutMs?: number;
  /** [max.poll.interval.ms] How long it may take to let go of partitions in a rebalance. Default 300,000. */
  readonly rebalanceTimeoutMs?: number;
  /** [heartbeat.interval.ms] Classic only; with `consumer` the broker says. Default 3,000, or a third of the session. */
  readonly heartbeatMs?: number;
  /** How long `onRevoked` is waited for, ms; at most `rebalanceTimeoutMs`. Default 60,000. */
  readonly revokeTimeoutMs?: number;
  /** [partition.assignment.strategy] Classic only, the preferred first. Default `cooperative-sticky`. */
  readonly assignors?: readonly Assignor[];
  /** [group.remote.assignor] `consumer` only: `uniform` or `range`. Default: the broker chooses. */
  readonly serverAssignor?: string | undefined;
  /** [isolation.level] `read_committed` waits for open transactions when it reads committed offsets (KIP-447). Default `read_uncommitted`. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
  /** [default.api.timeout.ms] How long a commit or a look at commits is tried. Default 60,000. */
  readonly commitTimeoutMs?: number;
  /** [metadata.max.age.ms] How often a pattern is matched against the topics that exist. Default 300,000. */
  readonly patternRefreshMs?: number;
  /** [retry.backoff.ms] The first pause after a failure. Default 100. */
  readonly retryBackoffMs?: number;
  /** [retry.backoff.max.ms] Pauses double up to this. Default 1,000. */
  readonly retryBackoffMaxMs?: number;
}

/** All of them, checked. */
export interface GroupSettings {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly pattern: string | RegExp | undefined;
  readonly protocol: 'classic' | 'consumer';
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly revokeTimeoutMs: number;
  readonly assignors: readonly Assignor[];
  readonly serverAssignor: string | undefined;
  readonly isolationLevel: 'read_uncommitted' | 'read_committed';
  readonly commitTimeoutMs: number;
  readonly patternRefreshMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

export const GROUP_DEFAULTS = {
  protocol: 'classic',
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 300_000,
  heartbeatMs: 3_000,
  revokeTimeoutMs: 60_000,
  assignors: [cooperativeStickyAssignor],
  isolationLevel: 'read_uncommitted',
  commitTimeoutMs: 60_000,
  patternRefreshMs: 300_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
} as const satisfies Partial<GroupSettings>;

const TIMES = [
  'sessionTimeoutMs',
  'rebalanceTimeoutMs',
  'heartbeatMs',
  'revokeTimeoutMs',
  'commitTimeoutMs',
  'patternRefreshMs',
  'retryBackoffMs',
  'retryBackoffMaxMs',
] as const;

/** The largest delay that fits the wire's int32. */
const TIME_MAX_MS = 2_147_483_647;

/** Merges with the defaults, checks, freezes. Throws MISUSE with the option, its value and what is allowed. */
export function groupSettings(options: GroupOptions): GroupSettings {
  const { topics = [], pattern, instanceId, rack, serverAssignor, ...others } = options;
  const revokeTimeoutMs = Math.min(
    options.revokeTimeoutMs ?? GROUP_DEFAULTS.revokeTimeoutMs,
    options.rebalanceTimeoutMs ?? GROUP_DEFAULTS.rebalanceTimeoutMs,
  );
  const settings: GroupSettings = {
    ...GROUP_DEFAULTS,
    ...others,
    topics: [...new Set(topics)].toSorted(),
    pattern,
    instanceId,
    rack,
    serverAssignor,
    revokeTimeoutMs,
    heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs(options.sessionTimeoutMs),
  };
  checkNames(settings);
  for (const option of TIMES) checkTime(option, settings[option]);
  if (settings.protocol === 'classic') checkClassic(settings);
  return Object.freeze(settings);
}

function defaultHeartbeatMs(sessionTimeoutMs: number = GROUP_DEFAULTS.sessionTimeoutMs): number {
  return Math.max(1, Math.min(GROUP_DEFAULTS.heartbeatMs, Math.floor(sessionTimeoutMs / 3)));
}

function checkNames({ groupId, topics, pattern, protocol, instanceId }: GroupSettings): void {
  if (typeof groupId !== 'string' || groupId === '') throw misuse('groupId', groupId, 'a text that is not empty');
  if (topics.length > 0 === (pattern !== undefined)) {
    throw misuse('topics', topics.join(', '), 'at least one topic, or else a pattern; not both');
  }
  if (topics.some((topic) => topic === '')) throw misuse('topics', topics.join(', '), 'names that are not empty');
  if (instanceId === '') throw misuse('instanceId', instanceId, 'a text that is not empty');
  if (protocol !== 'classic' && protocol !== 'consumer') throw misuse('protocol', protocol, 'classic or consumer');
  if (pattern instanceof RegExp && /[^u]/.test(pattern.flags)) {
    throw misuse('pattern', String(pattern), 'a regular expression without flags (or u)');
  }
  if (typeof pattern === 'string' && protocol === 'classic') {
    try {
      RegExp(pattern, 'u');
    } catch {
      throw misuse('pattern', pattern, 'a regular expression of JavaScript');
    }
  }
}

function checkClassic({ assignors, heartbeatMs, sessionTimeoutMs }: GroupSettings): void {
  if (assignors.length === 0) throw misuse('assignors', '', 'at least one');
  if (new Set(assignors.map(({ name }) => name)).size < assignors.length) {
    throw misuse('assignors', assignors.map(({ name }) => name).join(', '), 'each name once');
  }
  if (heartbeatMs * 3 > sessionTimeoutMs) {
    throw misuse('heartbeatMs', heartbeatMs, `at most a third of sessionTimeoutMs (${sessionTimeoutMs})`);
  }
}

function checkTime(option: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > TIME_MAX_MS) {
    throw misuse(option, value, `a whole number of milliseconds from 1 to ${TIME_MAX_MS}`);
  }
}

function misuse(option: string, value: unknown, allowed: string): KafkaError {
  return new KafkaError('MISUSE', `${option} is ${JSON.stringify(value)}`, {
    about: 'group options',
    advice: `give ${allowed}`,
  });
}

import { ApiError, type NodeId, type Uuid } from '@trunkline/kernel';
import type { BrokerLiveness } from './broker-liveness.js';
import type { Brokers } from './brokers.js';
import { isReserved } from './directories.js';
import type { BrokerImage } from './image.js';
import type { Endpoint, FeatureRange } from './records.js';

/** What a broker says of itself when it comes up. */
export interface BrokerRegistration {
  readonly brokerId: NodeId;
  /** New at each start of the process. */
  readonly incarnationId: Uuid;
  readonly endPoints: readonly Endpoint[];
  /** Must hold the levels that the cluster works with. */
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  /** Its directories; at least one. */
  readonly logDirs: readonly Uuid[];
  /**
   * The epoch of the uptime that it ended in order, as its directories prove (C40). Missing or -1n: no proof, and the
   * broker leaves the ISR and ELR of all its partitions.
   */
  readonly previousBrokerEpoch?: bigint;
  /**
   * Whether it will send heartbeats: then it is fenced until the first one asks to be let in. Default false: it is the
   * cluster's only node, alive as long as it answers, and never fenced; no proof of a shutdown is asked for.
   */
  readonly heartbeats?: boolean;
}

/** Brokers that a cluster takes in; fenced ones count until they are unregistered. */
export const BROKERS_MAX = 1000;

/** Who lives, as the active controller hears it; and the time of its monotonic clock. */
export interface Heard {
  readonly liveness: BrokerLiveness;
  readonly nowMs: number;
}

/** Throws INVALID_REGISTRATION when the cluster is full. */
export function refuseTooManyBrokers({ brokerId }: BrokerRegistration, brokers: Brokers): void {
  if (brokers.get(brokerId) !== undefined || brokers.size < BROKERS_MAX) return;
  const why = `${brokers.size} brokers are registered already; unregister those that are gone for good`;
  throw new ApiError('INVALID_REGISTRATION', `Broker ${brokerId}: ${why}`);
}

/** Throws INVALID_REGISTRATION for directories that cannot be this broker's. */
export function refuseDirectories({ brokerId, logDirs }: BrokerRegistration, brokers: Brokers): void {
  const refuse = (why: string): ApiError => new ApiError('INVALID_REGISTRATION', `Broker ${brokerId}: ${why}`);
  if (logDirs.length === 0) throw refuse('it names no log directory');
  if (logDirs.some(isReserved)) throw refuse('an id of a log directory is reserved');
  if (new Set(logDirs).size < logDirs.length) throw refuse('a log directory is named twice');
  for (const other of brokers) {
    const shared = other.id === brokerId ? undefined : logDirs.find((dir) => other.logDirs.includes(dir));
    if (shared === undefined) continue;
    throw refuse(`its log directory ${shared} belongs to broker ${other.id}; was it copied from there?`);
  }
}

/** Throws UNSUPPORTED_VERSION for a build that cannot work at a level which the cluster has agreed upon. */
export function refuseFeatures(
  { brokerId, features }: BrokerRegistration,
  levels: Iterable<readonly [string, number]>,
): void {
  for (const [name, level] of levels) {
    const range = features.find((feature) => feature.name === name);
    const [least, most] = [range?.minSupportedVersion ?? 0, range?.maxSupportedVersion ?? 0];
    if (level >= least && level <= most) continue;
    const why = `the cluster works with ${name} ${level}, this build with ${least} to ${most}`;
    throw new ApiError('UNSUPPORTED_VERSION', `Broker ${brokerId} cannot join: ${why}`);
  }
}

/**
 * Throws DUPLICATE_BROKER_REGISTRATION while another process with the id lives. One whose connection has ended is taken
 * for dead when the same directories come again: no two processes can hold them.
 */
export function refuseDuplicate(
  { brokerId, incarnationId, logDirs }: BrokerRegistration,
  before: BrokerImage | undefined,
  heard: Heard | undefined,
): void {
  if (before === undefined || heard === undefined || before.incarnationId === incarnationId) return;
  const { liveness, nowMs } = heard;
  if (!liveness.hasSession(brokerId, nowMs)) return;
  if (liveness.isSuspect(brokerId) && logDirs.every((dir) => before.logDirs.includes(dir))) return;
  const why = `another process is registered as broker ${brokerId} and was heard of just now; if it was this one's last run`;
  throw new ApiError('DUPLICATE_BROKER_REGISTRATION', `${why}, wait until its session ends`);
}

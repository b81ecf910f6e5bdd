import { ApiError, type Random } from '@trunkline/kernel';
import type { Endpoint, Peer, ReplicaKey, Voter } from './voters.js';

/** How a replica behaves. Times in milliseconds. */
export interface RaftConfig {
  readonly clusterId: string;
  /** This replica. */
  readonly self: ReplicaKey;
  /** Where this node listens for the quorum; told to others with its reign and with UpdateRaftVoter. */
  readonly endpoints: readonly Endpoint[];
  /** The first voters, all with their directory ids; they count until the log or a snapshot names others. Empty for a node that joins later. */
  readonly initialVoters: readonly Voter[];
  /** Whom a node that knows no leader asks for one: controller.quorum.bootstrap.servers. Ids may be made up, below -1. */
  readonly bootstrapPeers: readonly Peer[];
  readonly random: Random;
  /** Without a leader for so long, and up to twice as long: an election. controller.quorum.election.timeout.ms */
  readonly electionTimeoutMs: number;
  /** Longest wait between two elections of one candidate: controller.quorum.election.backoff.max.ms */
  readonly electionBackoffMaxMs: number;
  /** No answer from the leader for so long: a follower stands for election. A leader that hears no majority for 1.5 times as long resigns. controller.quorum.fetch.timeout.ms */
  readonly fetchTimeoutMs: number;
  /** A leader parks a fetch so long when there is nothing new. Well below `fetchTimeoutMs`, as it is the heartbeat. */
  readonly fetchMaxWaitMs: number;
  /** A request without an answer for so long is asked again: controller.quorum.request.timeout.ms */
  readonly requestTimeoutMs: number;
  /** Wait before asking again: controller.quorum.retry.backoff.ms */
  readonly retryBackoffMs: number;
  /** A leader that hands over waits so long at most for what it has appended to be committed. */
  readonly resignWaitMsMax: number;
  /** Bytes of one answer to a fetch, of log or snapshot; a single larger batch passes. */
  readonly fetchBytesMax: number;
  /** Bytes of proposals that are appended and not committed; more are refused (C25). */
  readonly uncommittedBytesMax: number;
  /** Replicas without a vote that a leader keeps in mind, and whose fetches it parks. */
  readonly observersMax: number;
}

/** What may be left out of a {@link RaftConfig}. */
export const RAFT_DEFAULTS = {
  endpoints: [],
  initialVoters: [],
  bootstrapPeers: [],
  electionTimeoutMs: 300,
  electionBackoffMaxMs: 1000,
  fetchTimeoutMs: 1000,
  fetchMaxWaitMs: 300,
  requestTimeoutMs: 1000,
  retryBackoffMs: 20,
  resignWaitMsMax: 200,
  fetchBytesMax: 1024 * 1024,
  uncommittedBytesMax: 32 * 1024 * 1024,
  observersMax: 1000,
} as const satisfies Partial<RaftConfig>;

export type RaftOptions = Pick<RaftConfig, 'clusterId' | 'self' | 'random'> & Partial<RaftConfig>;

/** Fills in the defaults and checks. Throws ApiError INVALID_CONFIG in a sentence. */
export function raftConfig(options: RaftOptions): RaftConfig {
  const config: RaftConfig = Object.freeze({ ...RAFT_DEFAULTS, ...options });
  const refuse = (why: string): never => {
    throw new ApiError('INVALID_CONFIG', why);
  };
  if (config.clusterId === '') refuse('the cluster id is empty: format the directory first');
  for (const [name, value] of Object.entries(config)) {
    if (typeof value === 'number' && !(value > 0)) refuse(`${name} is ${value}, and must be above 0`);
  }
  if (config.fetchMaxWaitMs * 2 > config.fetchTimeoutMs) {
    refuse(
      `fetchMaxWaitMs (${config.fetchMaxWaitMs}) must be at most half of fetchTimeoutMs (${config.fetchTimeoutMs})`,
    );
  }
  if (config.fetchMaxWaitMs >= config.requestTimeoutMs) {
    refuse(`fetchMaxWaitMs (${config.fetchMaxWaitMs}) must be below requestTimeoutMs (${config.requestTimeoutMs})`);
  }
  const ids = config.initialVoters.map(({ id }) => id);
  if (new Set(ids).size < ids.length) refuse(`the initial voters name a node twice: ${ids.join(', ')}`);
  return config;
}

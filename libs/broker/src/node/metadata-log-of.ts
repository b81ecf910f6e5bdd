import {
  ApiError,
  type Clock,
  type Crc32c,
  type Disk,
  type Logger,
  type Network,
  type Random,
} from '@trunkline/kernel';
import {
  DiskMetadataLog,
  DiskRaftStorage,
  type MetaProperties,
  type MetadataLog,
  QuorumMetadataLog,
  firstDirectoryId,
} from '@trunkline/metadata';
import { type RaftConfig, type Voter, raftConfig } from '@trunkline/raft';
import type { BrokerConfig } from '../config.js';
import type { ClusterConfig } from '../config/cluster.js';
import { WireRaftTransport } from '../quorum/wire-raft-transport.js';
import { StartFault } from '../start-fault.js';

export interface MetadataLogOptions {
  readonly config: BrokerConfig;
  /** Whose directory it is. */
  readonly identity: MetaProperties;
  readonly disk: Disk;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
}

/** The metadata log as this node's roles want it. */
export interface NodeMetadataLog {
  readonly log: MetadataLog;
  /** The same, when other nodes take part; undefined: this node is its own cluster. */
  readonly quorum: QuorumMetadataLog | undefined;
  /** Ends its connections. */
  readonly close: () => void;
}

const METADATA_DIR = '__cluster_metadata-0';
/** Only a replica of a quorum has it. */
const QUORUM_STATE = 'quorum-state';
/** A leader answers a fetch that has nothing to tell after so much of the fetch timeout: three in a row may be lost. */
const FETCH_WAIT_SHARE = 0.3;

/** Where the metadata log lies. */
export function metadataDirOf({ dataDir }: BrokerConfig): string {
  return `${dataDir}/${METADATA_DIR}`;
}

/** Makes the log; nothing is opened yet. Rejects with a {@link StartFault} for a directory of the other kind. */
export async function metadataLogOf(options: MetadataLogOptions): Promise<NodeMetadataLog> {
  const { config, identity, disk, network, clock, random, crc32c, logger } = options;
  const dir = metadataDirOf(config);
  await refuseOtherKind(disk, dir, config.cluster.isAlone);
  if (config.cluster.isAlone) {
    return { log: new DiskMetadataLog({ disk, dir, clock, crc32c, logger }), quorum: undefined, close: () => {} };
  }
  const raft = readRaftConfig(config, identity, random);
  const { requestTimeoutMs } = raft;
  const listenerName = config.cluster.controllerListener;
  const world = { nodeId: config.nodeId, network, clock, random, crc32c, logger };
  const transport = new WireRaftTransport({ ...world, listenerName, requestTimeoutMs });
  const storage = new DiskRaftStorage({ disk, dir, clock, crc32c, logger, canRepair: canRepair(config) });
  const quorum = new QuorumMetadataLog({ config: raft, storage, transport, clock, crc32c, logger });
  return { log: quorum, quorum, close: () => transport.close() };
}

/** Who is named in controller.quorum.voters, with the directories they were formatted with first. */
export function firstVoters({ voters, controllerListener: name }: ClusterConfig, clusterId: string): readonly Voter[] {
  return voters.map(({ nodeId: id, host, port }) => ({
    id,
    directoryId: firstDirectoryId(clusterId, id),
    endpoints: [{ name, host, port }],
  }));
}

/** There are other nodes that have what is damaged here. */
function canRepair({ cluster: { voters, isController } }: BrokerConfig): boolean {
  return voters.length > 1 || !isController;
}

function readRaftConfig(config: BrokerConfig, identity: MetaProperties, random: Random): RaftConfig {
  const { cluster, nodeId } = config;
  const { clusterId, directoryId } = identity;
  const fetchTimeoutMs = config.integer('controller.quorum.fetch.timeout.ms');
  const requestTimeoutMs = config.integer('controller.quorum.request.timeout.ms');
  const voters = firstVoters(cluster, clusterId);
  const fetchMaxWaitMs = Math.max(1, Math.floor(FETCH_WAIT_SHARE * Math.min(fetchTimeoutMs, requestTimeoutMs)));
  try {
    return raftConfig({
      clusterId,
      self: { id: nodeId, directoryId },
      endpoints: voters.find(({ id }) => id === nodeId)?.endpoints ?? [],
      initialVoters: voters,
      random,
      electionTimeoutMs: config.integer('controller.quorum.election.timeout.ms'),
      electionBackoffMaxMs: config.integer('controller.quorum.election.backoff.max.ms'),
      fetchTimeoutMs,
      fetchMaxWaitMs,
      requestTimeoutMs,
      retryBackoffMs: config.integer('controller.quorum.retry.backoff.ms'),
    });
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    throw new StartFault(`the settings controller.quorum.* do not go together: ${reason.detail}`, { cause: reason });
  }
}

/** Both kinds of log look alike, and neither knows what the other promised. */
async function refuseOtherKind(disk: Disk, dir: string, isAlone: boolean): Promise<void> {
  const names = await disk.list(dir).catch((): readonly string[] => []);
  const isQuorums = names.includes(QUORUM_STATE);
  if (isAlone && isQuorums) {
    const why = `${dir} is a replica of a cluster's metadata, and this node was started without controller.quorum.voters`;
    throw new StartFault(`${why}: name the voters, or use another directory`);
  }
  if (!isAlone && !isQuorums && names.some((name) => name.endsWith('.log'))) {
    const why = `${dir} holds the metadata of a cluster of one, and controller.quorum.voters names a cluster`;
    throw new StartFault(`${why}: use another directory, or start this node without voters`);
  }
}

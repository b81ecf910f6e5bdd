import type { Clock, Crc32c, Disk, Logger } from '@trunkline/kernel';
import {
  DiskMetadataLog,
  FedMetadataLog,
  FollowedMetadataLog,
  type MetadataLog,
  type MetadataManager,
} from '@trunkline/metadata';
import type { BrokerConfig } from '../config.js';
import type { Peers } from '../peers/peers.js';
import { StartFault } from '../start-fault.js';
import { type MetadataFeeds, MetadataFeedsOf, fetchMetadata } from './metadata-feeds.js';

const METADATA_DIR = '__cluster_metadata-0';

export interface MetadataLogOptions {
  readonly config: BrokerConfig;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
  readonly peers: Peers;
  /** The manager that the log is made for, once it is there. */
  readonly manager: () => MetadataManager;
}

/** The metadata log as this node's roles want it, and what it gives to others. */
export function metadataLogOf(options: MetadataLogOptions): {
  readonly log: MetadataLog;
  readonly feeds: MetadataFeeds;
} {
  const { config, disk, clock, crc32c, logger, peers } = options;
  const { isAlone, isController, voters } = config.cluster;
  const [first, ...others] = voters;
  if (others.length > 0) {
    throw new StartFault('controller.quorum.voters names several nodes, and this build can work with one voter only');
  }
  if (first !== undefined && !isController) {
    const fetch = (from: number) => fetchMetadata(peers, first.nodeId, config.nodeId, from);
    const log = new FollowedMetadataLog({ leaderId: first.nodeId, fetch, clock, crc32c, logger });
    return { log, feeds: new MetadataFeedsOf(undefined) };
  }
  const own = new DiskMetadataLog({ disk, dir: `${config.dataDir}/${METADATA_DIR}`, clock, crc32c, logger });
  if (isAlone) return { log: own, feeds: new MetadataFeedsOf(undefined) };
  const fed = new FedMetadataLog({ log: own, clock, crc32c, snapshot: () => options.manager().snapshot });
  return { log: fed, feeds: new MetadataFeedsOf(fed) };
}

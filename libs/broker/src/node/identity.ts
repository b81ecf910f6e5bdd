import type { Disk, Random } from '@trunkline/kernel';
import { type MetaProperties, metaProperties, readMetaProperties } from '@trunkline/metadata';
import type { BrokerConfig } from '../config.js';
import { StartFault } from '../start-fault.js';

export interface IdentityOptions {
  readonly config: BrokerConfig;
  readonly disk: Disk;
  readonly random: Random;
  /** What the directory must say. */
  readonly clusterId: string | undefined;
  /** Asks the voters which cluster theirs is. */
  readonly askVoters: () => Promise<string>;
}

/**
 * Whose directory this is: what `meta.properties` says. One that says nothing yet is given away here for a node that is
 * its own cluster, or has no vote: nobody counts on what such a directory once held. A voter's is formatted by hand, as
 * only people know whether it is a first voter or one that lost its disk (C16).
 */
export async function identityOf(options: IdentityOptions): Promise<MetaProperties> {
  const { config, disk, random, clusterId, askVoters } = options;
  const { dataDir, nodeId, cluster } = config;
  if (cluster.isAlone) return metaProperties(disk, dataDir, nodeId, random, clusterId);
  const isFormatted = (await readMetaProperties(disk, dataDir)) !== undefined;
  if (isFormatted) return metaProperties(disk, dataDir, nodeId, random, clusterId);
  if (cluster.isController) throw unformatted(config, clusterId);
  return metaProperties(disk, dataDir, nodeId, random, clusterId ?? (await askVoters()));
}

function unformatted({ dataDir, nodeId }: BrokerConfig, clusterId = 'ID'): StartFault {
  const command = `trunkline-broker format --data-dir ${dataDir} --cluster-id ${clusterId} --node-id ${nodeId}`;
  const join = 'add --join if the cluster has run before, with or without this node';
  return new StartFault(`the data directory ${dataDir} is not formatted: run "${command}"; ${join}`);
}

import type { Clock, Logger } from '@trunkline/kernel';
import type { Endpoint, MetadataManager } from '@trunkline/metadata';
import type { BrokerConfig } from '../config.js';
import type { DataPath } from '../data-path.js';
import type { Opened } from '../opened.js';
import type { Parts } from '../parts.js';
import type { StartFault } from '../start-fault.js';
import { BrokerLife } from './broker-life.js';
import type { ClusterLinks } from './cluster-links.js';
import { ControllerRounds } from './controller-rounds.js';

export interface JoinClusterOptions {
  readonly parts: Parts;
  readonly dataPath: DataPath;
  readonly links: ClusterLinks;
  readonly opened: Opened;
  /** Where others, and clients, reach this broker. */
  readonly endPoints: readonly Endpoint[];
  /** The cluster does not want this broker any more. */
  readonly onEnded: ((reason: StartFault) => void) | undefined;
}

/** Becomes a broker of the cluster, and stays one until the end. A node without that role only has its vote. */
export async function joinCluster(options: JoinClusterOptions): Promise<void> {
  const { parts, dataPath, links, endPoints, opened } = options;
  const { config, metadata, random, clock, logger, directoryId, controllerChannel } = parts;
  if (!config.cluster.isBroker) return;
  const retries = config.integer('controlled.shutdown.max.retries');
  const leaveMsMax = retries * config.integer('controlled.shutdown.retry.backoff.ms');
  const life = new BrokerLife({
    nodeId: config.nodeId,
    clusterId: metadata.image.clusterId,
    incarnationId: random.uuid(),
    rack: config.rack,
    logDirs: [directoryId],
    previousBrokerEpoch: BigInt(dataPath.lastStop?.brokerEpoch ?? -1),
    metadata,
    channel: controllerChannel,
    clock,
    logger,
    heartbeatMs: config.integer('broker.heartbeat.interval.ms'),
    sessionTimeoutMs: config.integer('broker.session.timeout.ms'),
    joinMsMax: joinMsMax(config),
    leaveMsMax: config.flag('controlled.shutdown.enable') ? leaveMsMax : 0,
    offlineLogDirs: () => dataPath.offlineDirs(directoryId),
    onEnded: (reason) => {
      options.onEnded?.(reason);
      opened.close().catch((error: unknown) => logger.error(`closing failed: ${String(error)}`));
    },
  });
  // A heartbeat comes back at once over a new connection: the controller looks for brokers whose connection has ended.
  links.peers.onLost((id) => {
    if (id === metadata.role.leaderId) life.beatNow();
  });
  opened.add(() => life.leave());
  await life.register(endPoints);
  await life.caughtUp();
  await metadata.release();
  await dataPath.replicate({ brokerEpoch: () => life.epoch, peers: links.peers, controller: controllerChannel });
  await life.letIn();
}

/** How long this node may take from its start until it is let in. */
export function joinMsMax(config: BrokerConfig): number {
  return config.integer('initial.broker.registration.timeout.ms');
}

/** Elections that nobody asks for; a cluster of one has nobody else to elect. */
export function openRounds(
  config: BrokerConfig,
  metadata: MetadataManager,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  opened: Opened,
): void {
  const balances = config.flag('auto.leader.rebalance.enable');
  const rounds = new ControllerRounds({
    metadata,
    clock,
    logger,
    balanceMs: balances ? config.integer('leader.imbalance.check.interval.seconds') * 1000 : Infinity,
    uncleanMs: config.integer('unclean.leader.election.interval.ms'),
  });
  opened.add(async () => rounds.close());
}

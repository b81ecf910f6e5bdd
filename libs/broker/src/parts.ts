import type { Clock, Compression, Crc32c, Logger, Random, Uuid } from '@trunkline/kernel';
import type { MetadataManager, QuorumMetadataLog, TopicAutoCreation } from '@trunkline/metadata';
import type { BrokerConfig } from './config.js';
import type { Fetches } from './fetch/fetches.js';
import type { GroupCoordinator } from './groups/group-coordinator.js';
import type { Forwarding } from './handlers/forwarded.js';
import type { ActiveController } from './node/active-controller.js';
import type { ControllerChannel } from './peers/controller-channel.js';
import type { Peers } from './peers/peers.js';
import type { ProducerIds } from './producer-ids.js';
import type { Delayed } from './replica/delayed.js';
import type { ReplicaManager } from './replica/replica-manager.js';
import type { BrokerMetrics } from './server/metrics.js';

/**
 * What handlers are given: the broker's parts, put together once in `broker.ts`.
 *
 * Each part has its own file and interface; a handler takes from here what it needs and nothing else.
 */
export interface Parts {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  /** Counters; handlers that move records add to `bytesIn`, `bytesOut`, `messagesIn`. */
  readonly metrics: BrokerMetrics;
  /** The cluster's metadata: `image` to read, `submit` to change. */
  readonly metadata: MetadataManager;
  /** The other nodes of the cluster. */
  readonly peers: Peers;
  /** To whoever is the active controller, this node included. */
  readonly controllerChannel: ControllerChannel;
  /** What this node does while it is the active controller. */
  readonly activeController: ActiveController;
  /** Hands clients' requests to the active controller. */
  readonly forwarding: Forwarding;
  /** This node's replica of the metadata log; undefined: it is its own cluster. */
  readonly quorum: QuorumMetadataLog | undefined;
  /** Makes topics that are asked for by using them, and the broker's own, within limits. */
  readonly autoTopics: TopicAutoCreation;
  /** The id of the data directory. */
  readonly directoryId: Uuid;
  /** The partitions this node holds. */
  readonly replicas: ReplicaManager;
  /** Requests that wait for a watermark. */
  readonly delayed: Delayed;
  readonly fetches: Fetches;
  readonly producerIds: ProducerIds;
  /** Consumer groups whose coordinator this node is. */
  readonly groups: GroupCoordinator;
}

export * from './broker.js';
export * from './config.js';
export type { AdvertisedAddress, ListenerConfig } from './config/listeners.js';
export { nearestName } from './config/nearest.js';
export { HANDLERS } from './handlers/index.js';
export type { Parts } from './parts.js';
export {
  type AnyHandler,
  type Answer,
  type ApiHandler,
  CLOSE_CONNECTION,
  NO_ANSWER,
  handler,
  servedVersions,
  shownVersions,
} from './server/handler.js';
export { type Defer, inProcessLinks } from './server/in-process-link.js';
export * from './server/metrics.js';
export type { RequestContext } from './server/request-context.js';
export { SERVER_LIMITS, type ServerLimits } from './server/server-limits.js';
export { StartFault } from './start-fault.js';
// What records pass through, piece by piece, for simulations that put nodes together themselves.
export { Fetches } from './fetch/fetches.js';
export type { ControllerChannel } from './peers/controller-channel.js';
export { type Asked, type AskPeer, PeerGone, type Peers, PeerSilent, type Told } from './peers/peers.js';
export { Delayed } from './replica/delayed.js';
export type { Partition } from './replica/partition.js';
export { ReplicaManager } from './replica/replica-manager.js';
export { Replication } from './replica/replication.js';
export { replicationSettings, type ReplicationSettings } from './replica/replication-settings.js';
export { MemoryBudget } from './server/memory-budget.js';
// What makes a directory one of a cluster's, for whoever starts brokers.
export { type MetaProperties, firstDirectoryId, formatDirectory, readMetaProperties } from '@trunkline/metadata';

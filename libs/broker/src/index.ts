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

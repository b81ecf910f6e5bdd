export * from './group/describe.js';
export * from './group/group-config.js';
export * from './group/group-record-codec.js';
export * from './group/group-records.js';
export * from './group/group-shard.js';
export type { GroupPhase } from './group/live-group.js';
export * from './group/requests.js';
export * from './group/subscription.js';
export * from './state-machine.js';

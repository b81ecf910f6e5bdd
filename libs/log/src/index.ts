export * from './log.js';
export { DEFAULT_LOG_CONFIG, type LogIdentity, type LogOptions, type LogWorld } from './log-options.js';
export * from './log-manager.js';
export { type CleanStop } from './clean-marker.js';
export { PartitionLog } from './partition-log.js';
export { TailBudget } from './tail-cache.js';
export { readWhole, replaceFile } from './checkpoint-file.js';
export { TEMPORARY } from './log-files.js';

export * from './node-checksum.js';
export * from './node-clock.js';
export * from './node-compression.js';
export * from './node-disk.js';
export * from './node-logger.js';
export * from './node-network.js';
export * from './node-random.js';
export { CodecMissing, NotValid, TooLarge } from './too-large.js';
export { LockHeld } from './node-lock.js';

export { embedded } from './embedded.js';
export { EmbeddedBroker } from './embedded-broker.js';
export { EmbeddedEngine } from './embedded-engine.js';
export { MemoryDisk } from './memory-disk.js';
export type { EmbeddedOptions } from './options.js';

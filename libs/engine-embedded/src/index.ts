export { embedded } from './embedded.js';
export { EmbeddedBroker } from './embedded-broker.js';
export { EmbeddedCluster } from './cluster/embedded-cluster.js';
export { EmbeddedClusterEngine } from './cluster/embedded-cluster-engine.js';
export { EmbeddedEngine } from './embedded-engine.js';
export { MemoryDisk } from './memory-disk.js';
export type { EmbeddedClusterOptions, EmbeddedOptions } from './options.js';

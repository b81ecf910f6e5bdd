export * from './cluster/cluster.js';
export * from './error.js';
export * from './ports.js';

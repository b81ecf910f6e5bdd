export * from './client.js';
export * from './cluster/cluster.js';
export * from './cluster/kafka-cluster.js';
export * from './config.js';
export * from './connection/sasl/sasl-options.js';
export * from './error.js';
export * from './observer.js';
export * from './ports.js';

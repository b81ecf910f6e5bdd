export * from './apache-kafka.js';
export * from './broker-fixture.js';
export * from './in-process-network.js';
export * from './link-client.js';
export * from './manual-clock.js';
export * from './process-fixture.js';
export * from './raw-client.js';
export * from './until.js';

export * from './apache-kafka.js';
export * from './manual-clock.js';
export * from './process-fixture.js';
export * from './raw-client.js';
export * from './until.js';

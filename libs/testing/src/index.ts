export * from './apache-kafka.js';
export * from './manual-clock.js';

export * from './apache-kafka.js';

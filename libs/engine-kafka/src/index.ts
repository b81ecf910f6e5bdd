export { KafkaEngine, kafka } from './kafka-engine.js';
export { type KafkaOptions, type SaslOptions, KAFKA_DEFAULTS } from './options.js';

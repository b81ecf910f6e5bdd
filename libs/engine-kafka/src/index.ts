export { type EnginePorts, KafkaEngine, kafka, kafkaOverLinks } from './kafka-engine.js';
export { type KafkaOptions, type OauthToken, type SaslOptions, type TlsOptions, KAFKA_DEFAULTS } from './options.js';

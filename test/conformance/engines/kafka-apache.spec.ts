import { kafka } from '@trunkline/engine-kafka';
import { apacheKafkaVersion, describeEngine, describeUnless, startApacheKafka, whyLeftOut } from '@trunkline/testing';
import { KAFKA_FEATURES } from '../kafka-features.js';

const PORT = 19_510;

describeUnless(whyLeftOut('Apache Kafka', apacheKafkaVersion()), 'the bus', () =>
  describeEngine('kafka, on Apache Kafka', {
    features: KAFKA_FEATURES,
    open: async () => {
      const server = await startApacheKafka({ port: PORT });
      return {
        engine: () => kafka({ brokers: [server.bootstrap] }),
        restart: async () => {
          await server.kill();
          await server.start();
        },
        close: () => server.close(),
      };
    },
  }),
);

import { describeEngine } from '@trunkline/testing';
import { startThree } from '../cluster-world.js';
import { KAFKA_FEATURES } from '../kafka-features.js';

describeEngine('embedded, three brokers in memory', {
  features: { ...KAFKA_FEATURES, durable: false },
  open: async () => {
    const cluster = await startThree();
    return { engine: () => cluster.engine(), close: () => cluster.close() };
  },
});

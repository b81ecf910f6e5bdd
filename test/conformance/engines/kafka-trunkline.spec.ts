import { kafka } from '@trunkline/engine-kafka';
import { describeEngine } from '@trunkline/testing';
import { KAFKA_FEATURES } from '../kafka-features.js';
import { startTrunkline } from './trunkline-process.js';

describeEngine('kafka, on a Trunkline broker', {
  features: KAFKA_FEATURES,
  open: async () => {
    const server = await startTrunkline(19_520);
    return {
      engine: () => kafka({ brokers: [server.bootstrap] }),
      restart: async () => {
        await server.kill();
        await server.start();
      },
      close: () => server.close(),
    };
  },
});

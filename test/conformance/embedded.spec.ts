import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBroker } from '@trunkline/engine-embedded';
import { describeEngine } from '@trunkline/testing';
import { KAFKA_FEATURES } from './kafka-features.js';

describeEngine('embedded, on disk', {
  features: KAFKA_FEATURES,
  open: async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'trunkline-embedded-'));
    const start = (): Promise<EmbeddedBroker> => EmbeddedBroker.start({ dataDir });
    let broker = await start();
    return {
      engine: () => broker.engine(),
      restart: async () => {
        await broker.close();
        broker = await start();
      },
      close: async () => {
        await broker.close();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  },
});

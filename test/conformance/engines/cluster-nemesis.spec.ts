import { afterEach, beforeEach, expect } from '@jest/globals';
import { describeEngine } from '@trunkline/testing';
import { Nemesis, startThree } from '../cluster-world.js';
import { KAFKA_FEATURES } from '../kafka-features.js';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * Tests with a deadline of their own that is shorter than a fail-over, or that look at an engine's health at one moment:
 * nothing is killed while they run. All others must hold whatever dies.
 */
const CALM =
  /time out|stay open for a caller|cancelled at the responder|expired before its turn|paused, and go on when resumed/;

let nemesis: Nemesis | undefined;
beforeEach(async () => {
  if (CALM.test(expect.getState().currentTestName ?? '')) await nemesis?.hold();
});
afterEach(() => nemesis?.release());

describeEngine(`embedded, three brokers that are killed (SEED=${seed})`, {
  features: { ...KAFKA_FEATURES, durable: false },
  open: async () => {
    const cluster = await startThree();
    const deaths = new Nemesis(cluster, seed);
    nemesis = deaths;
    return {
      engine: () => cluster.engine(),
      close: async () => {
        await deaths.stop().finally(() => cluster.close());
        console.log(`SEED=${seed} killed ${deaths.told.length} times: ${deaths.told.join(', ')}`);
      },
    };
  },
});

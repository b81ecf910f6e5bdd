import { describe, expect, it } from '@jest/globals';
import { simulateCluster } from './cluster/cluster.js';

/** A few seeds with every `npm test`, so that the simulation stays whole; `npm run test:sim` plays more of them. */
const SEEDS = [3, 4];

describe('brokers of one cluster and their clients on virtual time', () => {
  for (const seed of SEEDS) {
    it(`keep what they promised with seed ${seed}`, async () => {
      const { faults, acknowledged } = await simulateCluster({ seed, steps: 150 });
      expect(faults).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    }, 60_000);
  }
});

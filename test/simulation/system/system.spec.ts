import { describe, expect, it } from '@jest/globals';
import { simulateSystem } from './system.js';

/** A few seeds with every `npm test`, so that the simulation stays whole; `npm run test:sim` plays more of them. */
const SEEDS = [5, 6];

describe('a broker, its clients and buses on virtual time', () => {
  for (const seed of SEEDS) {
    it(`keep what they promised with seed ${seed}`, async () => {
      const { faults, acknowledged, handled } = await simulateSystem({ seed, steps: 300 });
      expect(faults).toEqual([]);
      expect(Math.min(acknowledged, handled)).toBeGreaterThan(0);
    }, 60_000);
  }
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as library from '@trunkline/raft';
import { simulateRaft } from './raft/simulation.js';

interface Entry {
  readonly seed: number;
  readonly steps: number;
  /** What did not hold when this seed found it. */
  readonly was: string;
}

const corpus: readonly Entry[] = JSON.parse(readFileSync(new URL('raft/corpus.json', import.meta.url), 'utf8'));

/** A few seeds with every `npm test`, so that the simulation stays whole; `npm run test:sim -- raft` plays more. */
describe('a quorum on virtual time', () => {
  for (const { seed, steps, was } of corpus) {
    it(`${seed}: ${was}`, async () => {
      const { faults, acknowledged } = await simulateRaft({ seed, steps, library });
      expect(faults).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    }, 60_000);
  }
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulation.js';

interface Entry {
  readonly seed: number;
  readonly steps: number;
  /** What did not hold when this seed found it. */
  readonly was: string;
}

const corpus: readonly Entry[] = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8'));

describe('what seeds have found holds', () => {
  for (const { seed, steps, was } of corpus) {
    it(`${seed}: ${was}`, async () => {
      expect((await simulate({ seed, steps })).faults).toEqual([]);
    }, 60_000);
  }
});

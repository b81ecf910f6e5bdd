import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulation.js';

interface Entry {
  readonly seed: number;
  readonly steps: number;
  /** What this seed found when it was added. */
  readonly was: string;
}

const corpus: readonly Entry[] = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8'));

describe('seeds that found something', () => {
  for (const { seed, steps, was } of corpus) {
    it(`${seed} does not find it any more: ${was}`, async () => {
      expect((await simulate({ seed, steps })).faults).toEqual([]);
    }, 60_000);
  }
});

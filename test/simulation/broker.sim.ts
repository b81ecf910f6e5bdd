import { describe, expect, it } from '@jest/globals';
import { MUTANTS } from './mutants.js';
import { STEPS_DEFAULT, simulate } from './simulation.js';

/** `SEED=7` plays one seed, `RUNS=20000` so many from `FIRST=1` on; `STEPS` says how long each is; `TRACE=1` tells all. */
const { SEED, RUNS = '100', STEPS = String(STEPS_DEFAULT), FIRST = '1', TRACE } = process.env;
const steps = Number(STEPS);
const first = Number(SEED ?? FIRST);
const runs = SEED === undefined ? Number(RUNS) : 1;
/** Each mutant must be found by one of so many seeds. */
const MUTANT_SEEDS = 60;
const LIMIT_MS = 120_000 + runs * 5000;

function replayLine(seed: number): string {
  return `SEED=${seed}${steps === STEPS_DEFAULT ? '' : ` STEPS=${steps}`} npm run test:sim`;
}

describe('one broker through crashes, a failing disk and a full one', () => {
  it(
    'keeps what it promised, and gets on again',
    async () => {
      const failed: string[] = [];
      let acknowledged = 0;
      for (let seed = first; seed < first + runs; seed++) {
        const result = await simulate({ seed, steps });
        acknowledged += result.acknowledged;
        if (TRACE !== undefined) process.stdout.write(`${result.lines().join('\n')}\n${result.faults.join('\n')}\n`);
        if (result.faults.length === 0) continue;
        failed.push(`${replayLine(seed)} # ${result.faults[0]}`);
        process.stdout.write(`${failed.at(-1)}\n`);
      }
      expect(failed).toEqual([]);
      expect(acknowledged).toBeGreaterThan(runs);
    },
    LIMIT_MS,
  );

  it(
    'is the same run for the same seed, event by event',
    async () => {
      const hashes = new Set<string>();
      for (let seed = first; seed < first + Math.min(runs, 4); seed++) {
        const [once, twice] = [await simulate({ seed, steps }), await simulate({ seed, steps })];
        expect({ ...twice, lines: [] }).toEqual({ ...once, lines: [] });
        hashes.add(once.hash);
      }
      expect(hashes.size).toBe(Math.min(runs, 4));
    },
    LIMIT_MS,
  );
});

describe('a broker that is broken on purpose', () => {
  for (const [name, mutant] of Object.entries(MUTANTS)) {
    it(
      `is found: ${name}`,
      async () => {
        let found: string | undefined;
        for (let seed = 1; seed <= MUTANT_SEEDS && found === undefined; seed++) {
          const { faults } = await simulate({ seed, steps, mutant });
          if (faults[0] !== undefined) found = `seed ${seed}: ${faults[0]}`;
        }
        if (TRACE !== undefined) process.stdout.write(`${name}: ${found ?? 'not found'}\n`);
        expect(found).toBeDefined();
      },
      LIMIT_MS,
    );
  }
});

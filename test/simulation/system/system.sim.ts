import { describe, expect, it } from '@jest/globals';
import { SYSTEM_MUTANTS } from './mutants.js';
import { SYSTEM_STEPS_DEFAULT, simulateSystem } from './system.js';

/** As in `broker.sim.ts`; a seed of one is nothing to the other. */
const { SEED, SYSTEM_RUNS = '30', STEPS = String(SYSTEM_STEPS_DEFAULT), FIRST = '1', TRACE } = process.env;
const steps = Number(STEPS);
const first = Number(SEED ?? FIRST);
const runs = SEED === undefined ? Number(SYSTEM_RUNS) : 1;
const MUTANT_SEEDS = 30;
const LIMIT_MS = 120_000 + runs * 5000;

function replayLine(seed: number): string {
  return `SEED=${seed}${steps === SYSTEM_STEPS_DEFAULT ? '' : ` STEPS=${steps}`} npm run test:sim -- system`;
}

describe('a broker, its clients and buses through crashes and a network that fails', () => {
  it(
    'keep what they promised, and get on again',
    async () => {
      const failed: string[] = [];
      let acknowledged = 0;
      for (let seed = first; seed < first + runs; seed++) {
        const result = await simulateSystem({ seed, steps });
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
    'are the same run for the same seed, event by event',
    async () => {
      for (let seed = first; seed < first + Math.min(runs, 3); seed++) {
        const [once, twice] = [await simulateSystem({ seed, steps }), await simulateSystem({ seed, steps })];
        expect({ ...twice, lines: [] }).toEqual({ ...once, lines: [] });
      }
    },
    LIMIT_MS,
  );
});

describe('a system that is broken on purpose', () => {
  for (const [name, mutant] of Object.entries(SYSTEM_MUTANTS)) {
    it(
      `is found: ${name}`,
      async () => {
        let found: string | undefined;
        for (let seed = 1; seed <= MUTANT_SEEDS && found === undefined; seed++) {
          const { faults } = await simulateSystem({ seed, steps, mutant });
          if (faults[0] !== undefined) found = `seed ${seed}: ${faults[0]}`;
        }
        if (TRACE !== undefined) process.stdout.write(`${name}: ${found ?? 'not found'}\n`);
        expect(found).toBeDefined();
      },
      LIMIT_MS,
    );
  }
});

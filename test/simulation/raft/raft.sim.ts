import { describe, expect, it } from '@jest/globals';
import * as library from '@trunkline/raft';
import { RAFT_MUTANTS, planted } from './mutants.js';
import { RAFT_STEPS_DEFAULT, simulateRaft } from './simulation.js';

/** As in `../broker.sim.ts`; a seed of one is nothing to the other. */
const {
  SEED,
  RAFT_RUNS = process.env['RUNS'] ?? '100',
  STEPS = String(RAFT_STEPS_DEFAULT),
  FIRST = '1',
  TRACE,
} = process.env;
const steps = Number(STEPS);
const first = Number(SEED ?? FIRST);
const runs = SEED === undefined ? Number(RAFT_RUNS) : 1;
const LIMIT_MS = 120_000 + runs * 5000;

function replayLine(seed: number): string {
  return `SEED=${seed}${steps === RAFT_STEPS_DEFAULT ? '' : ` STEPS=${steps}`} npm run test:sim -- raft`;
}

describe('a quorum through crashes, lossy disks, bad networks and changes of its voters', () => {
  it(
    'agrees on one log, and gets on again',
    async () => {
      const failed: string[] = [];
      const total = { acknowledged: 0, elections: 0, memberships: 0, installs: 0, events: 0, virtualMs: 0 };
      for (let seed = first; seed < first + runs; seed++) {
        const result = await simulateRaft({ seed, steps, library });
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += result[key];
        if (TRACE !== undefined) process.stdout.write(`${result.lines().join('\n')}\n${result.faults.join('\n')}\n`);
        if (result.faults.length === 0) continue;
        failed.push(`${replayLine(seed)} # ${result.faults[0]}`);
        process.stdout.write(`${failed.at(-1)}\n`);
      }
      if (TRACE !== undefined) process.stdout.write(`${JSON.stringify(total)}\n`);
      expect(failed).toEqual([]);
      expect(total.acknowledged).toBeGreaterThan(runs);
    },
    LIMIT_MS,
  );

  it(
    'is the same run for the same seed, event by event',
    async () => {
      for (let seed = first; seed < first + Math.min(runs, 3); seed++) {
        const [once, twice] = [
          await simulateRaft({ seed, steps, library }),
          await simulateRaft({ seed, steps, library }),
        ];
        expect({ ...twice, lines: [] }).toEqual({ ...once, lines: [] });
      }
    },
    LIMIT_MS,
  );
});

/** Each mutant must be found by one of so many seeds. */
const MUTANT_SEEDS = Number(process.env['MUTANT_SEEDS'] ?? '100');

describe('a quorum that is broken on purpose', () => {
  for (const [name, mutant] of Object.entries(RAFT_MUTANTS)) {
    it(
      `is found: ${name}`,
      async () => {
        const { library: broken, remove } = await planted(mutant);
        let found: string | undefined;
        try {
          for (let seed = 1; seed <= MUTANT_SEEDS && found === undefined; seed++) {
            const { faults } = await simulateRaft({ seed, steps, library: broken, lies: mutant.lies ?? {} });
            if (faults[0] !== undefined) found = `seed ${seed}: ${faults[0]}`;
          }
        } finally {
          remove();
        }
        if (TRACE !== undefined) process.stdout.write(`${name}: ${found ?? 'not found'}\n`);
        expect(found).toBeDefined();
      },
      LIMIT_MS,
    );
  }
});

import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulation.js';

/** `SEED=7 npm run test:sim` plays one seed; `RUNS=20000` many; `STEPS` says how long each of them is. */
const { SEED, RUNS = '120', STEPS = '300', FIRST = '1' } = process.env;
const steps = Number(STEPS);

function replayLine(seed: number): string {
  return `SEED=${seed}${STEPS === '300' ? '' : ` STEPS=${STEPS}`} npm run test:sim`;
}

describe('one broker through crashes, a failing disk and a full one', () => {
  it('keeps what it promised, and gets on again', async () => {
    const first = SEED === undefined ? Number(FIRST) : Number(SEED);
    const last = SEED === undefined ? first + Number(RUNS) - 1 : first;
    const failed: string[] = [];
    const begun = Date.now();
    let acknowledged = 0;
    for (let seed = first; seed <= last; seed++) {
      const result = await simulate({ seed, steps });
      acknowledged += result.acknowledged;
      if (result.faults.length === 0) continue;
      failed.push(`${replayLine(seed)}   # ${result.faults[0]}`);
      process.stdout.write(`${failed.at(-1)}\n`);
      process.stdout.write(`${result.faults.join('\n')}\n`);
      if (process.env['TRACE'] !== undefined) process.stdout.write(`${result.lines.join('\n')}\n`);
    }
    process.stdout.write(`${last - first + 1} seeds, ${acknowledged} batches, ${Date.now() - begun} ms\n`);
    expect(failed).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
  }, 3_600_000);
});

import { describe, expect, it } from '@jest/globals';

/** A run from one seed, as far as its seeds' tests must know it. */
interface Played {
  /** What was promised and did not hold. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  /** Of all events. */
  readonly hash: string;
  readonly lines: () => readonly string[];
}

interface Simulation<Mutant> {
  /** What is simulated, for the names of the tests. */
  readonly about: string;
  readonly stepsDefault: number;
  /** How many seeds are played when nothing else is said. */
  readonly runs: number;
  /** What replays one seed: `npm run test:sim` and its arguments. */
  readonly command: string;
  /** Seeds of which one must find each mutant. */
  readonly mutantSeeds: number;
  readonly mutants: Readonly<Record<string, Mutant>>;
  play(options: { readonly seed: number; readonly steps: number; readonly mutant?: Mutant }): Promise<Played>;
}

/** `SEED=7` plays one seed, `RUNS` so many from `FIRST=1` on; `STEPS` says how long each is; `TRACE=1` tells all. */
const { SEED, STEPS, FIRST = '1', TRACE } = process.env;
const first = Number(SEED ?? FIRST);
const tell = (text: string): void => void process.stdout.write(`${text}\n`);

/** Plays seeds: nothing that was promised is broken; each is the same run again; what is broken on purpose is found. */
export function describeSeeds<Mutant>(simulation: Simulation<Mutant>): void {
  const steps = Number(STEPS ?? simulation.stepsDefault);
  const runs = SEED === undefined ? simulation.runs : 1;
  const limitMs = 120_000 + runs * 5000;

  describe(simulation.about, () => {
    it('keeps what was promised, and gets on again', () => holds(simulation, steps, runs), limitMs);

    it(
      'is the same run for the same seed, event by event',
      async () => {
        const hashes = new Set<string>();
        for (let seed = first; seed < first + Math.min(runs, 4); seed++) {
          const once = await simulation.play({ seed, steps });
          const twice = await simulation.play({ seed, steps });
          expect({ ...twice, lines: [] }).toEqual({ ...once, lines: [] });
          hashes.add(once.hash);
        }
        expect(hashes.size).toBe(Math.min(runs, 4));
      },
      limitMs,
    );

    for (const [name, mutant] of Object.entries(simulation.mutants)) {
      it(
        `is found out when it is broken on purpose: ${name}`,
        async () => {
          let found: string | undefined;
          for (let seed = 1; seed <= simulation.mutantSeeds && found === undefined; seed++) {
            const { faults } = await simulation.play({ seed, steps, mutant });
            if (faults[0] !== undefined) found = `seed ${seed}: ${faults[0]}`;
          }
          if (TRACE !== undefined) tell(`${name}: ${found ?? 'not found'}`);
          expect(found).toBeDefined();
        },
        limitMs,
      );
    }
  });
}

async function holds<Mutant>(simulation: Simulation<Mutant>, steps: number, runs: number): Promise<void> {
  const failed: string[] = [];
  let acknowledged = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const result = await simulation.play({ seed, steps });
    acknowledged += result.acknowledged;
    if (TRACE !== undefined) tell(`${result.lines().join('\n')}\n${result.faults.join('\n')}`);
    if (result.faults.length === 0) continue;
    const stepsSaid = steps === simulation.stepsDefault ? '' : ` STEPS=${steps}`;
    failed.push(`SEED=${seed}${stepsSaid} ${simulation.command} # ${result.faults[0]}`);
    tell(failed.at(-1)!);
  }
  expect(failed).toEqual([]);
  expect(acknowledged).toBeGreaterThan(runs);
}

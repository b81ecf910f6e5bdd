import { MUTANTS } from './mutants.js';
import { describeSeeds } from './seeds.js';
import { STEPS_DEFAULT, simulate } from './simulation.js';

describeSeeds({
  about: 'one broker through crashes, a failing disk and a full one',
  stepsDefault: STEPS_DEFAULT,
  runs: Number(process.env['RUNS'] ?? '100'),
  command: 'npm run test:sim',
  mutantSeeds: 60,
  mutants: MUTANTS,
  play: simulate,
});

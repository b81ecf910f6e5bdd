import { describeSeeds } from '../seeds.js';
import { SYSTEM_MUTANTS } from './mutants.js';
import { SYSTEM_STEPS_DEFAULT, simulateSystem } from './system.js';

// A seed of the broker's simulation is nothing to this one.
describeSeeds({
  about: 'a broker, its clients and buses through crashes and a network that fails',
  stepsDefault: SYSTEM_STEPS_DEFAULT,
  runs: Number(process.env['SYSTEM_RUNS'] ?? '30'),
  command: 'npm run test:sim -- system',
  mutantSeeds: 30,
  mutants: SYSTEM_MUTANTS,
  play: simulateSystem,
});

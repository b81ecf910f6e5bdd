import { describeSeeds } from '../seeds.js';
import { PARTITIONS_MUTANTS } from './mutants.js';
import { PARTITIONS_STEPS_DEFAULT, simulatePartitions } from './simulation.js';

describeSeeds({
  about: 'replicated partitions and their controller through kills, power cuts, bad links and reassignments',
  stepsDefault: PARTITIONS_STEPS_DEFAULT,
  runs: Number(process.env['PARTITIONS_RUNS'] ?? process.env['RUNS'] ?? '100'),
  command: 'npm run test:sim -- partitions',
  mutantSeeds: 60,
  mutants: PARTITIONS_MUTANTS,
  play: simulatePartitions,
});

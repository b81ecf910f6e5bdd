import { describeSeeds } from '../seeds.js';
import { CLUSTER_STEPS_DEFAULT, simulateCluster } from './cluster.js';
import { CLUSTER_MUTANTS } from './mutants.js';

describeSeeds({
  about: 'whole brokers of one cluster and their clients through crashes, pauses and a network that fails',
  stepsDefault: CLUSTER_STEPS_DEFAULT,
  runs: Number(process.env['CLUSTER_RUNS'] ?? '20'),
  command: 'npm run test:sim -- simulation/cluster',
  mutantSeeds: 40,
  mutants: CLUSTER_MUTANTS,
  play: simulateCluster,
});

import { base } from './jest.base.mjs';

// `npm run test:sim`: seeds. SEED=… replays one, RUNS=… says how many.
export default {
  ...base,
  testTimeout: 300_000,
  testMatch: ['<rootDir>/test/simulation/**/*.sim.ts'],
};

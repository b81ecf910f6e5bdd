import { base } from './jest.base.mjs';

// `npm run test:e2e`: the apps as processes, killed and restarted. They run from the build.
export default {
  ...base,
  maxWorkers: 1,
  testTimeout: 120_000,
  testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
  testPathIgnorePatterns: ['/test/e2e/cluster/'], // `npm run test:clusters`, and `npm test`.
};

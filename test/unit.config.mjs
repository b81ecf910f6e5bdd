import { base } from './jest.base.mjs';

// `npm test`: everything that needs nothing installed but Node.
export default {
  ...base,
  maxWorkers: 2,
  testTimeout: 30_000, // A busy machine is slow; what hangs is still found.
  testMatch: [
    '<rootDir>/libs/*/src/**/*.spec.ts',
    '<rootDir>/apps/*/src/**/*.spec.ts',
    '<rootDir>/test/architecture/**/*.spec.ts',
    '<rootDir>/test/wire/*.spec.ts',
    '<rootDir>/test/conformance/*.spec.ts',
    '<rootDir>/test/simulation/*.spec.ts',
    '<rootDir>/test/examples/*.spec.ts',
    '<rootDir>/test/e2e/cluster/{checker,journal,proxy}.spec.ts',
  ],
};

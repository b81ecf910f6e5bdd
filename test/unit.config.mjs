import { base } from './jest.base.mjs';

// `npm test`: everything that needs nothing installed but Node.
export default {
  ...base,
  testMatch: [
    '<rootDir>/libs/*/src/**/*.spec.ts',
    '<rootDir>/apps/*/src/**/*.spec.ts',
    '<rootDir>/test/architecture/**/*.spec.ts',
    '<rootDir>/test/wire/*.spec.ts',
    '<rootDir>/test/conformance/*.spec.ts',
    '<rootDir>/test/simulation/*.spec.ts',
    '<rootDir>/test/examples/*.spec.ts',
  ],
};

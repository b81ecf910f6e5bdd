import { base } from './jest.base.mjs';

// `npm run test:engines`: real servers and real clients. Two files at a time: they mostly wait for servers of their own.
// Three nodes that are killed have a command of their own: test/clusters.config.mjs.
export default {
  ...base,
  maxWorkers: 2,
  testTimeout: 120_000,
  testPathIgnorePatterns: ['/three-nodes', '/cluster-nemesis'],
  testMatch: [
    '<rootDir>/test/conformance/engines/*.spec.ts',
    '<rootDir>/test/conformance/client/*.spec.ts',
    '<rootDir>/test/wire/clients/*.spec.ts',
    '<rootDir>/test/wire/differential/*.spec.ts',
  ],
};
